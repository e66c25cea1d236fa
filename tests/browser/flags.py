"""How Chromium is started: as root too, silent, asking nobody for anything, and light.

A second `--disable-features` takes the place of Playwright's own, so what matters of that is named
again. The last three begin a process for each window that shows what a page alone never needs.
"""

LEFT_OUT = (
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "ThirdPartyStoragePartitioning",
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "PaintHolding",
    "MediaRouter", "OptimizationHints", "LensOverlay", "NetworkTimeServiceQuerying",
    "PreconnectToSearch", "WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup",
)  # fmt: skip
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(LEFT_OUT)}",
    # No page lives long enough to earn back what compiling its script well costs.
    "--js-flags=--no-maglev --no-turbofan",
]
