from django.urls import path

from sharing.views import grants, notices, proxies

app_name = "sharing"
urlpatterns = [
    path("acting/", proxies.acting, name="acting"),
    path("acting/stop/", proxies.stop_acting, name="stop_acting"),
    path("acting/<uuid:patient_id>/", proxies.act_for, name="act_for"),
    path("notices/", notices.notices, name="notices"),
    path("notices/choices/", notices.choices, name="notice_choices"),
    path("sharing/", grants.sharing, name="sharing"),
    path("sharing/end/", grants.end, name="end"),
    path("sharing/grants/<uuid:grant_id>/pause/", grants.pause, name="pause"),
    path("sharing/grants/<uuid:grant_id>/resume/", grants.resume, name="resume"),
    path("sharing/grants/<uuid:grant_id>/revoke/", grants.revoke, name="revoke"),
    path("sharing/invitations/<uuid:grant_id>/", grants.invitation, name="invitation"),
    path("shared/", grants.shared, name="shared"),
]
