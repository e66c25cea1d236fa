from django.urls import path

from sharing import views

app_name = "sharing"
urlpatterns = [
    path("sharing/", views.sharing, name="sharing"),
    path("sharing/end/", views.end, name="end"),
    path("sharing/grants/<uuid:grant_id>/pause/", views.pause, name="pause"),
    path("sharing/grants/<uuid:grant_id>/resume/", views.resume, name="resume"),
    path("sharing/grants/<uuid:grant_id>/revoke/", views.revoke, name="revoke"),
    path("sharing/invitations/<uuid:grant_id>/", views.invitation, name="invitation"),
    path("shared/", views.shared, name="shared"),
]
