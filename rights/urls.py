from django.urls import path

from rights.views import erasures, kept

app_name = "rights"
urlpatterns = [
    path("privacy/kept/", kept.kept, name="kept"),
    path("rights/erase/<uuid:record_id>/", erasures.erase_record, name="erase_record"),
]
