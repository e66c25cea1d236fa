"""An `ImagingStudy` that grows by the images of others (DICOM PS3.3 §A.1: study, series, instance)."""

from typing import Any

Json = dict[str, Any]


class Study:
    """Puts images into one FHIR R4 ImagingStudy; `resource` is the one that it began with, grown."""

    def __init__(self, resource: Json) -> None:
        self.resource = resource
        self._series = {each["uid"]: each for each in resource.get("series", [])}
        self._known = {
            uid: {one["uid"] for one in each.get("instance", [])}
            for uid, each in self._series.items()
        }

    def add(self, other: Json) -> int:
        """Take the images of another resource about the same study. Returns how many were new."""
        return sum(self._add(series) for series in other.get("series", []))

    def _add(self, series: Json) -> int:
        mine = self._series.setdefault(series["uid"], {**series, "instance": []})
        known = self._known.setdefault(series["uid"], set())
        fresh = [one for one in series.get("instance", []) if one["uid"] not in known]
        known.update(one["uid"] for one in fresh)
        mine.setdefault("instance", []).extend(fresh)
        return len(fresh)

    def counted(self) -> Json:
        """The resource with its series, and how many series and images there are."""
        for uid, series in self._series.items():
            series["numberOfInstances"] = len(self._known[uid])
        self.resource["series"] = list(self._series.values())
        self.resource["numberOfSeries"] = len(self._series)
        self.resource["numberOfInstances"] = sum(map(len, self._known.values()))
        return self.resource
