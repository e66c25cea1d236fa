from django.urls import path

from sharing.views import (
    attestations, directory, facilities, grants, members, notices, proxies, statuses, usage,
)  # fmt: skip

app_name = "sharing"
urlpatterns = [
    path(".well-known/status-lists/<int:number>", statuses.status_list, name="status_list"),
    path(".well-known/status-lists/jwks.json", statuses.public_keys, name="status_keys"),
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
    path("sharing/with/", directory.whom, name="whom"),
    path("directory/", directory.search, name="directory"),
    path("facilities/", facilities.mine, name="facilities"),
    path("facilities/new/", facilities.register, name="register_facility"),
    path("facilities/<uuid:organization_id>/", directory.facility, name="facility"),
    path("facilities/<uuid:organization_id>/manage/", facilities.manage, name="manage"),
    path("facilities/<uuid:organization_id>/change/", facilities.change, name="change_facility"),
    path("facilities/<uuid:organization_id>/usage.csv", usage.ledger, name="usage"),
    path("facilities/<uuid:organization_id>/close/", facilities.close, name="close_facility"),
    path("facilities/<uuid:organization_id>/invite/", members.invite, name="invite"),
    path("facilities/<uuid:organization_id>/roster/", members.roster, name="roster"),
    path(
        "facilities/<uuid:organization_id>/agreements/new/",
        facilities.add_agreement,
        name="add_agreement",
    ),
    path(
        "facilities/<uuid:organization_id>/agreements/<uuid:agreement_id>/",
        directory.agreement,
        name="agreement",
    ),
    path("facilities/invitations/<uuid:role_id>/", members.invitation, name="role_invitation"),
    path("facilities/people/<uuid:role_id>/", members.member, name="member"),
    path("facilities/people/<uuid:role_id>/suspend/", members.suspend, name="suspend_member"),
    path("facilities/people/<uuid:role_id>/resume/", members.resume, name="resume_member"),
    path("facilities/people/<uuid:role_id>/end/", members.end, name="end_member"),
    path(
        "facilities/people/<uuid:role_id>/reset-password/",
        members.reset_password,
        name="reset_member",
    ),
    path("facilities/shifts/<uuid:shift_id>/remove/", members.remove_shift, name="remove_shift"),
    path("shared/copies/", attestations.copies, name="copies"),
    path("shared/copies/<uuid:attestation_id>/", attestations.attest, name="attest"),
]
