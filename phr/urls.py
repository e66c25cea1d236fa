"""Every address of the portal. Apps above and below are named as strings only."""

from importlib import import_module

from django.contrib import admin
from django.urls import include, path

from phr.views import (
    deliveries,
    demo,
    entries,
    linked,
    links,
    marks,
    portal,
    printing,
    records,
    resumable,
    sharing,
    summary,
    uploads,
)

# Only our own desks: the libraries' admin pages would show tokens, addresses and sessions.
for desk in ("accounts.admin", "sharing.admin", "phr.admin", "rights.admin"):
    import_module(desk)

handler404 = "phr.views.errors.not_found"
portal_pages = [
    path("", portal.front, name="front"),
    path("home/", portal.home, name="home"),
    path("privacy/", portal.privacy, name="privacy"),
    path("records/", records.records, name="records"),
    path("records/new/", entries.new, name="new"),
    path("records/new/document/", uploads.new_document, name="new_document"),
    path("records/new/<slug:kind>/", entries.new_entry, name="new_entry"),
    path("records/<uuid:record_id>/correct/", entries.correct, name="correct"),
    path("records/print/", printing.page, name="print"),
    path("records/print.pdf", printing.pdf, name="print_pdf"),
    path("records/summary/", summary.summary, name="summary"),
    path("records/summary.pdf", summary.paper, name="summary_pdf"),
    path("records/summary.json", summary.document, name="summary_document"),
    path("records/medicines/", summary.medicines, name="medicines"),
    path("records/immunizations/", summary.immunizations, name="immunizations"),
    path("records/<uuid:record_id>/chart/", summary.chart, name="chart"),
    path("records/upload/", uploads.upload, name="upload"),
    path("records/upload/<uuid:upload_id>/", uploads.upload_state, name="upload_state"),
    path("records/upload/resumable/", resumable.begin, name="resumable"),
    path("records/upload/<uuid:upload_id>/resumable/", resumable.piece, name="resumable_upload"),
    path("records/upload/confirm/", uploads.confirm_all, name="confirm_all"),
    path("records/upload/<uuid:upload_id>/confirm/", uploads.confirm, name="confirm"),
    path("records/upload/<uuid:upload_id>/columns/", uploads.columns, name="columns"),
    path("records/upload/<uuid:upload_id>/columns/again/", uploads.match_again, name="match_again"),
    path("records/upload/<uuid:upload_id>/entries/", uploads.entries, name="upload_entries"),
    path("records/upload/<uuid:upload_id>/cancel/", uploads.cancel, name="cancel"),
    path("records/upload/<uuid:upload_id>/dismiss/", uploads.dismiss, name="dismiss"),
    path("records/upload/<uuid:upload_id>/original/", uploads.original, name="original"),
    path("records/<uuid:record_id>/", records.record, name="record"),
    path("records/<uuid:record_id>/labels/", records.labels, name="labels"),
    path("records/<uuid:record_id>/settle/", records.settle, name="settle"),
    path("records/<uuid:record_id>/tags/", marks.tag, name="tag"),
    path("records/<uuid:record_id>/tags/<uuid:tag_id>/", marks.untag, name="untag"),
    path("records/<uuid:record_id>/favourite/", marks.favourite, name="favourite"),
    path("records/<uuid:record_id>/never-shared/", marks.never_shared, name="never_shared"),
    path("records/<uuid:record_id>/versions/<int:number>/", records.version, name="version"),
    path("records/<uuid:record_id>/pictures/<uuid:binary_id>/", records.picture, name="picture"),
    path("records/<uuid:record_id>/files/<uuid:binary_id>/", records.download, name="download"),
    path("sharing/new/", sharing.share, name="share"),
    path(
        "sharing/new/facilities/<uuid:organization_id>/",
        sharing.share_chosen,
        name="share_facility",
    ),
    path(
        "sharing/new/professionals/<uuid:practitioner_id>/",
        sharing.share_chosen,
        name="share_professional",
    ),
    path("sharing/grants/<uuid:grant_id>/as-they-see/", sharing.as_they_see, name="as_they_see"),
    path("sharing/grants/<uuid:grant_id>/change/", sharing.change_share, name="change_share"),
    path("sharing/receipts/<uuid:grant_id>/", sharing.receipt, name="receipt"),
    path("sharing/log/", sharing.log, name="log"),
    path("sharing/links/", links.mine, name="links"),
    path("sharing/links/new/", links.new, name="new_link"),
    path("sharing/links/<uuid:grant_id>/", links.one, name="own_link"),
    path("link/<str:secret>/", linked.enter, name="link"),
    path("link/<str:secret>/manifest", linked.manifest, name="link_manifest"),
    path("link-file/<str:ticket>", linked.file, name="link_file"),
    path("linked/<uuid:grant_id>/", linked.records, name="linked_records"),
    path("linked/<uuid:grant_id>/open/", linked.watch, name="linked_watch"),
    path("linked/<uuid:grant_id>/<uuid:record_id>/", linked.record, name="linked_record"),
    path(
        "linked/<uuid:grant_id>/<uuid:record_id>/pictures/<uuid:binary_id>/",
        linked.picture,
        name="linked_picture",
    ),
    path(
        "linked/<uuid:grant_id>/<uuid:record_id>/files/<uuid:binary_id>/",
        linked.download,
        name="linked_download",
    ),
    path("shared/<uuid:patient_id>/", records.records, name="shared_records"),
    path("shared/<uuid:patient_id>/send/", deliveries.deliver, name="deliver"),
    path("shared/<uuid:patient_id>/open/", records.watch, name="watch"),
    path("shared/<uuid:patient_id>/summary/", summary.summary, name="shared_summary"),
    path("shared/<uuid:patient_id>/medicines/", summary.medicines, name="shared_medicines"),
    path(
        "shared/<uuid:patient_id>/immunizations/",
        summary.immunizations,
        name="shared_immunizations",
    ),
    path("shared/<uuid:patient_id>/<uuid:record_id>/chart/", summary.chart, name="shared_chart"),
    path("shared/<uuid:patient_id>/<uuid:record_id>/open/", records.watch, name="watch_record"),
    path("shared/<uuid:patient_id>/<uuid:record_id>/", records.record, name="shared_record"),
    path(
        "shared/<uuid:patient_id>/<uuid:record_id>/pictures/<uuid:binary_id>/",
        records.picture,
        name="shared_picture",
    ),
    path(
        "shared/<uuid:patient_id>/<uuid:record_id>/files/<uuid:binary_id>/",
        records.download,
        name="shared_download",
    ),
    path("demo/mail/", demo.mail, name="demo_mail"),
]

urlpatterns = [
    path("healthz", portal.healthz, name="healthz"),
    path("readyz", portal.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include((portal_pages, "phr"))),
    path("", include("accounts.urls")),
    path("", include("sharing.urls")),
    path("", include("rights.urls")),
]
