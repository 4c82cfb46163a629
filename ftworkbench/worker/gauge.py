"""What a card says of itself: how busy, how hot, at what power. By NVML, and nothing where that is not to be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftworkbench.machine import Card

GIB = 2**30


class Gauge:
    """Reads the gauges of one card; every value that cannot be read is left out."""

    def __init__(self, card: Card | None) -> None:
        self._nvml: Any = None
        self._handle: Any = None
        if card is None:
            return
        try:
            import pynvml

            pynvml.nvmlInit()
            by_uuid = pynvml.nvmlDeviceGetHandleByUUID
            self._handle = by_uuid(card.uuid) if card.uuid else pynvml.nvmlDeviceGetHandleByIndex(card.index)
            self._nvml = pynvml
        except Exception:  # no package, no driver, no right: NVML has an error of its own for each
            self._nvml = None

    def read(self) -> dict[str, float]:
        """`gpu_percent`, `gpu_celsius`, `gpu_watts`, and `gpu_gib`, all that is taken of the card's memory."""
        nvml = self._nvml
        if nvml is None:
            return {}
        readings: dict[str, Callable[[], float]] = {
            "gpu_percent": lambda: nvml.nvmlDeviceGetUtilizationRates(self._handle).gpu,
            "gpu_celsius": lambda: nvml.nvmlDeviceGetTemperature(self._handle, nvml.NVML_TEMPERATURE_GPU),
            "gpu_watts": lambda: nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000,
            "gpu_gib": lambda: nvml.nvmlDeviceGetMemoryInfo(self._handle).used / GIB,
        }
        found = {}
        for name, reading in readings.items():
            try:
                found[name] = float(reading())
            except Exception:
                continue
        return found
