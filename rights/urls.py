from django.urls import path

from rights.views import cases, erasures, exports, holds, kept

app_name = "rights"
urlpatterns = [
    path("privacy/kept/", kept.kept, name="kept"),
    path("certificates/<slug:reference>/", erasures.certificates, name="certificates"),
    path(
        "certificates/<slug:reference>/<int:stage>/",
        erasures.certificate_file,
        name="certificate_file",
    ),
    path("rights/", cases.rights, name="rights"),
    path("rights/new/", cases.ask, name="ask"),
    path("rights/cases/", cases.cases, name="cases"),
    path("rights/cases/<slug:case_reference>/", cases.case, name="case"),
    path("rights/cases/<slug:case_reference>/withdraw/", cases.withdraw, name="withdraw"),
    path("rights/delete/", erasures.delete, name="delete"),
    path("rights/delete/dependent/", erasures.delete_dependent, name="delete_dependent"),
    path("rights/erasures/", erasures.erasures_page, name="erasures"),
    path("rights/erasures/<slug:reference>/", erasures.erasure, name="erasure"),
    path("rights/erasures/<slug:reference>/undo/", erasures.undo, name="undo"),
    path("rights/export/", exports.export, name="export"),
    path("rights/export/part/", exports.export_part, name="export_part"),
    path("rights/export/<uuid:export_id>/", exports.export_state, name="export_state"),
    path("rights/export/<uuid:export_id>/end/", exports.end_export, name="end_export"),
    path("rights/export/<uuid:export_id>/file/", exports.export_file, name="export_file"),
    path("rights/erase/<uuid:record_id>/", erasures.erase_record, name="erase_record"),
    path("rights/undo-import/<uuid:upload_id>/", erasures.undo_import, name="undo_import"),
    path("rights/holds/", holds.holds, name="holds"),
]
