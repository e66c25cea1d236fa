from django.urls import path

from rights import views

app_name = "rights"
urlpatterns = [
    path("rights/erase/<uuid:record_id>/", views.erase_record, name="erase_record"),
]
