"""What a person asks for, composed from the rooms: one function a step, called by a screen and its headless twin."""
