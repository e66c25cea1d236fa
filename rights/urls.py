from django.urls import path

from rights.views import erasures

app_name = "rights"
urlpatterns = [
    path("rights/erase/<uuid:record_id>/", erasures.erase_record, name="erase_record"),
]
