"""The workbench itself: an app, its screens and the widgets they are made of. The only room that imports textual."""
