"""Every sentence of the public pages is held by tests: which one is held by which stands here.

A paragraph's `data-promise` is the number of the promise it keeps, and where several paragraphs keep
parts of one promise, a word more.
"""

import ast
import re
from datetime import date
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What a view fills in is held by the tests of what it comes from.
FILLED_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
# No promise, but good advice.
ADVICE = {"S45"}

PRIVACY = {
    "M32": "rights/test_data_map.py::test_it_is_found_from_every_page"
    " rights/test_data_map.py::test_it_has_everything_that_is_kept_about_people",
    "M2": "test_privacy_page.py::test_every_sentence_is_held_by_a_test",
    "C1": "test_privacy_page.py::test_changed_words_have_a_new_date",
    # What is kept
    "C23": "accounts/test_views.py::test_passwords_are_kept_with_argon2",
    "C22": "test_tower.py::test_the_main_job",
    "C3": "test_promises.py::test_what_a_person_would_read_is_stored_sealed",
    "C50": "test_tower.py::test_the_main_job",
    "C15": "rights/test_services_cases.py"
    "::test_what_she_wrote_is_stored_sealed_and_opens_with_her_key_alone",
    "C42": "test_promises.py::test_a_device_is_kept_with_browser_address_and_time",
    "C24-limits": "test_promises.py::test_guessing_passwords_is_slowed_down"
    " accounts/test_expiry.py::test_a_counter_goes_when_its_time_is_over",
    # What you agree to
    "C65": "accounts/test_consents.py::test_who_begins_a_record_agrees_to_its_being_kept"
    " accounts/test_consents.py::test_a_person_must_tick_the_box_and_it_is_not_ticked_for_her"
    " accounts/test_consents.py::test_the_receipt_says_what_when_and_in_which_words",
    "S44": "accounts/test_consents.py::test_withdrawing_is_one_press_as_giving_is"
    " accounts/test_consents.py::"
    "test_taking_back_the_record_leads_to_deleting_and_does_nothing_itself"
    " accounts/test_consents.py::test_new_words_need_a_new_yes",
    "M38": "accounts/test_consents.py::test_the_page_explains_every_use_of_data"
    " accounts/test_purposes.py::test_every_purpose_has_words_and_is_explained",
    "S41": "accounts/test_news.py::test_only_those_get_it_who_asked_for_it"
    " accounts/test_news.py::test_one_press_stops_it_without_signing_in"
    " accounts/test_news.py::test_an_old_link_still_stops_what_was_asked_for_again"
    " accounts/test_news.py::test_who_withdraws_while_it_waits_gets_none",
    # Who can see your records
    "C5": "test_matrix.py::test_everybody_gets_what_the_table_says_and_every_answer_is_strict"
    " property/test_policy.py::test_the_list_is_the_rule_and_the_walls_repeat_it"
    " test_walls_rows.py::test_nobody_is_nobody",
    "C6": "test_walls_rows.py::test_the_grantee_sees_exactly_the_covered_rows"
    " sharing/test_services.py::test_an_end_date_ends_access"
    " sharing/test_services.py::test_what_they_would_see_is_what_they_see",
    "C54": "phr/test_views_records.py::test_who_may_only_look_sees_the_picture_and_gets_no_copy",
    "C61": "phr/test_views_sharing.py::test_sensitive_items_are_left_out_unless_ticked"
    " sharing/test_labels.py::test_a_code_suggests_labels"
    " sharing/test_labels.py::test_what_could_hold_anything_is_unclassified"
    " test_promises.py::test_the_patient_sees_and_changes_how_sensitive_an_item_is",
    "M16": "test_promises.py::test_a_provider_is_unverified_until_staff_say_otherwise"
    " accounts/test_desk_crawl.py::test_nobody_verifies_her_own_licence"
    " sharing/test_admin.py::test_staff_look_a_licence_up_before_they_verify",
    "C4": "sharing/test_services.py::test_only_the_owner_of_the_address_can_accept"
    " sharing/test_services.py::test_an_invitation_runs_out"
    " test_promises.py::test_the_privacy_page_says_whom_to_write_to",
    "S27": "rights/test_admin_cases.py::test_a_request_is_read_answered_and_written_down"
    " accounts/test_desk_crawl.py::test_no_page_of_the_desk_shows_what_is_kept"
    " test_walls_rows.py::test_staff_see_states_and_no_content"
    " property/test_policy.py::test_staff_and_strangers_get_nothing",
    "S22-limits": "accounts/test_keys.py::test_it_opens_what_it_sealed",
    # Other ways to let somebody in
    "C56": "sharing/test_facilities.py"
    "::test_two_different_members_of_staff_verify_and_nobody_sees_anything_before"
    " sharing/test_facilities.py::test_every_name_of_the_facility_that_looks_can_be_told"
    " sharing/test_paths.py::test_a_facility_says_who_can_look_now_and_how_many_are_on_call"
    " sharing/test_members.py::test_what_is_changed_about_somebody_holds_on_the_next_request",
    "C55": "phr/test_receipts.py::test_the_agreement_keeps_the_version_of_the_policy"
    " sharing/test_facilities.py::test_an_agreement_is_read_by_patients_and_confirmed_by_staff",
    "C71": "sharing/test_facilities.py"
    "::test_a_facility_that_closes_tells_its_patients_and_ends_what_it_held",
    "C50-links": "sharing/test_links.py"
    "::test_whoever_has_link_and_passcode_sees_what_it_covers_and_nothing_else"
    " sharing/test_links.py::test_wrong_passcodes_are_counted_over_the_whole_life_of_a_link"
    " sharing/test_links.py::test_wrong_passcodes_end_the_permission_and_she_is_told"
    " sharing/test_links.py::test_a_link_ends_some_day_and_lets_nobody_send_or_pass_on",
    "C50-acting": "sharing/test_proxies.py::test_who_manages_does_not_decide"
    " sharing/test_proxies.py::test_what_he_adds_is_hers_and_written_down_under_his_name"
    " sharing/test_proxies.py::test_who_only_looks_cannot_act",
    "C50-dependents": "sharing/test_dependents.py::test_she_opens_it_by_the_form_and_adds_an_item"
    " sharing/test_dependents.py::test_two_permissions_end_by_themselves_on_birthdays"
    " sharing/test_dependents.py::test_who_was_appointed_keeps_it_until_the_day_that_was_said",
    "C50-emergency": "sharing/test_emergencies.py"
    "::test_a_clinician_opens_what_was_armed_for_four_hours_and_takes_no_copy"
    " sharing/test_emergencies.py"
    "::test_she_is_told_at_once_with_who_where_and_why_and_ends_it"
    " sharing/test_emergencies.py::test_staff_look_at_each_within_three_days_and_misuse_ends_it"
    " sharing/test_emergencies.py"
    "::test_from_a_facility_that_is_not_hers_or_not_verified_she_opens_nothing",
    "C59": "phr/test_deliveries.py::test_nobody_sends_in_without_a_permission_to"
    " phr/test_deliveries.py::test_nothing_of_it_is_seen_by_its_sender_or_anybody_else"
    " phr/test_unasked.py::test_it_is_refused_until_she_chooses_otherwise",
    # When you stop sharing
    "C51": "test_tower.py::test_the_main_job",
    "C52": "test_walls_rows.py::test_the_grantee_sees_nothing_once_it_is_revoked"
    " phr/test_views_records.py::test_ending_access_cuts_a_download_that_is_running",
    "C53": "test_promises.py::test_the_receipt_tells_what_was_shared_opened_and_copied",
    "C53-copies": "sharing/test_attestations.py::test_who_copied_is_asked_at_once_and_told_whose"
    " sharing/test_attestations.py::test_the_answer_reaches_the_patient_once"
    " sharing/test_attestations.py::test_what_is_late_is_told_to_both_sides_once",
    # The list of who has looked
    "C53-looks": "accounts/test_acting.py::test_a_page_that_cannot_be_written_down_is_not_shown"
    " accounts/test_acting.py::test_a_read_is_written_down_once_with_its_reason"
    " accounts/test_acting.py::test_a_denial_is_written_down_although_the_act_is_rolled_back",
    "S49-audit": "test_walls.py::test_the_roles_may_only_add_to_the_trail"
    " accounts/test_sealer.py::test_tampering_is_found_and_named",
    "S32-audit": "test_promises.py::test_what_happened_to_a_deleted_item_is_kept_by_number"
    " rights/test_canary_sweep.py"
    "::test_nothing_of_her_is_left_and_the_neighbour_keeps_every_byte"
    " accounts/test_audit.py::test_no_column_of_the_trail_could_hold_words",
    # How it is kept safe
    "S22": "test_promises.py::test_what_a_person_would_read_is_stored_sealed"
    " accounts/test_keys.py::test_a_moved_ciphertext_does_not_open"
    " test_canaries.py::test_a_stolen_dump_tells_nothing"
    " test_canaries.py::test_files_on_the_disk_tell_nothing",
    "S22-clear": "test_promises.py::test_nothing_else_of_an_item_stands_in_the_clear"
    " rights/test_canary_sweep.py"
    "::test_what_is_in_the_clear_is_found_and_what_is_sealed_is_not",
    "S49-box": "phr/formats/test_lockdown.py::test_refused",
    "C24-idle": "accounts/test_views.py::test_an_idle_session_ends_and_a_polling_page_does_not_keep_it"
    " accounts/test_views.py::test_an_active_session_stays",
    "C24-again": "test_promises.py::test_deleting_asks_for_the_password_again"
    " phr/test_views_sharing.py::test_sharing_asks_for_the_password_again",
    "S53": "browser/test_sign_in.py::test_she_signs_out_elsewhere_and_everywhere",
    # When you delete
    "C10": "phr/test_imports.py::test_a_deleted_record_is_gone_with_its_files",
    "C11": "phr/test_imports.py::test_a_deleted_record_is_gone_with_its_files"
    " phr/test_imports.py::test_the_rest_of_a_file_stays_when_one_of_its_records_goes"
    " test_promises.py::test_a_file_that_is_gone_is_not_offered",
    "C9": "rights/test_views_leaving.py::test_she_is_signed_out_and_follows_it_without_an_account"
    " browser/test_leaving.py::test_she_deletes_everything_and_gets_a_certificate"
    " browser/test_leaving.py::test_she_changes_her_mind_without_script"
    " rights/test_erasures.py::test_it_is_hidden_from_everyone_at_once"
    " rights/test_erasures.py::test_it_waits_for_the_undo_window_and_can_be_undone",
    "M33": "rights/test_views_leaving.py::test_the_account_stays_when_she_chose_so"
    " rights/test_erasures.py::test_the_account_stays_when_only_the_record_goes",
    "C14": "rights/test_views_leaving.py::test_it_says_what_will_happen_and_offers_a_copy_first",
    "C13": "rights/test_canary_sweep.py"
    "::test_nothing_of_her_is_left_and_the_neighbour_keeps_every_byte"
    " rights/test_canary_sweep.py"
    "::test_what_is_in_the_clear_is_found_and_what_is_sealed_is_not",
    "M34": "rights/test_views_leaving.py"
    "::test_she_is_signed_out_and_follows_it_without_an_account"
    " rights/test_erasures.py::test_three_certificates_say_when_and_name_nobody",
    "C12": "rights/test_backups.py::test_a_set_is_gone_only_when_the_repository_shows_nothing_of_it"
    " rights/test_views_leaving.py::test_the_dates_follow_the_settings"
    " test_promises.py::test_the_privacy_page_says_whom_to_write_to",
    "C12-keys": "rights/test_erasures.py::test_three_certificates_say_when_and_name_nobody"
    " rights/test_backups.py::test_what_may_still_hold_what_was_there_before"
    " rights/test_restoring.py::test_an_older_vault_brings_no_destroyed_key_back"
    " test_promises.py::test_the_privacy_page_says_whom_to_write_to",
    "C13-restore": "rights/test_restoring.py"
    "::test_what_was_backed_up_comes_back_and_waits_behind_the_lock"
    " rights/test_restoring.py::test_nothing_that_was_taken_away_lets_anyone_in_again"
    " accounts/test_gate.py::test_a_portal_that_was_wound_back_lets_nobody_in_and_does_nothing",
    "M35": "rights/test_placing.py::test_nobody_is_her_own_second_person"
    " rights/test_rehoming.py::test_one_of_a_hundred_is_kept_and_the_others_are_purged"
    " rights/test_views_holds.py::test_she_is_told_once_of_each_and_the_mail_says_nothing",
    # Your rights
    "C21": "test_promises.py::test_the_privacy_page_says_whom_to_write_to"
    " test_promises.py::test_a_real_portal_does_not_start_without_it"
    " rights/test_views_cases.py::test_every_right_is_told_to_anybody",
    "C20": "rights/test_equal_service.py::test_nothing_she_may_do_changes_with_a_request"
    " rights/test_equal_service.py::test_nothing_of_a_request_has_a_price",
    "S42": "rights/archive/test_parts.py"
    "::test_every_part_that_the_data_map_names_is_there_and_no_other"
    " rights/archive/test_parts.py::test_everything_is_in_it_and_the_manifest_says_so"
    " rights/archive/test_round_trip.py::test_every_kind_of_file_comes_back_byte_for_byte"
    " rights/test_services_exports.py::test_nobody_else_gets_near_it"
    " rights/test_services_exports.py::test_it_is_destroyed_on_its_day"
    " test_promises.py::test_the_privacy_page_says_whom_to_write_to",
    "S35": "phr/test_views_printing.py::test_one_kind_alone"
    " phr/test_views_printing.py"
    "::test_the_pdf_says_the_same_and_is_a_document_everybody_can_read",
    "S36": "test_walls_rows.py::test_staff_see_states_and_no_content"
    " rights/test_views_cases.py::test_a_yes_leads_to_what_was_asked_for",
    "S38": "rights/test_restriction.py::test_nobody_else_sees_it_and_she_does"
    " rights/test_restriction.py::test_she_neither_adds_nor_changes_nor_shares"
    " rights/test_restriction.py::test_she_may_end_sharing_and_delete"
    " rights/test_services_exports.py::test_a_restricted_record_can_still_be_taken_away"
    " rights/test_services_desk.py"
    "::test_a_granted_restriction_lets_the_record_rest_until_it_is_lifted",
    "C17": "rights/test_services_cases.py::test_a_case_has_a_reference_and_a_clock_for_each_law"
    " rights/test_deadlines.py::test_the_reckoning_in_words"
    " rights/test_services_desk.py::test_a_late_request_is_told_to_be_late",
    "C17-no": "rights/test_services_desk.py"
    "::test_a_refusal_takes_two_and_she_reads_nothing_of_it_before"
    " rights/test_transitions.py::test_only_two_members_of_staff_refuse",
    "M39": "rights/test_views_cases.py::test_every_right_is_told_to_anybody",
    "S47": "rights/test_views_cases.py"
    "::test_a_no_says_why_to_whom_to_complain_and_that_courts_are_open"
    " rights/test_views_cases.py::test_authorities_are_named_with_an_address_of_their_own",
    "C69": "test_promises.py::test_nothing_of_a_record_ends_by_itself",
    # Cookies, other companies, mail
    "C47": "test_promises.py::test_there_is_one_cookie_and_it_has_no_end_date",
    "C33": "test_promises.py::test_no_page_names_another_server",
    "C7": "test_promises.py::test_nothing_in_the_portal_calls_another_server",
    "S16": "test_canaries.py::test_mail_tells_nothing"
    " test_promises.py::test_no_mail_can_hold_anything_but_links_codes_and_addresses"
    " test_promises.py::test_the_invitation_names_nobody",
}
FRONT = {
    "C4": "test_tower.py::test_the_main_job",
    "C3": "test_tower.py::test_the_main_job"
    " phr/test_imports.py::test_search_finds_words_without_accents_by_their_beginning",
    "C6": PRIVACY["C6"],
    "C51": f"{PRIVACY['C51']} {PRIVACY['C53']}",
    "C53": f"{PRIVACY['C53-looks']} {PRIVACY['S49-audit']}",
    "C23": "browser/test_sign_up.py::test_a_patient_makes_an_account_and_starts_her_record",
    "C3-upload": "test_tower.py::test_the_main_job",
    "C6-end": PRIVACY["C6"],
    "C50": "test_promises.py::test_the_invitation_names_nobody"
    " test_walls_rows.py::test_the_grantee_sees_exactly_the_covered_rows",
    "S22": PRIVACY["S22"],
    "C33": PRIVACY["C33"],
    "C47": PRIVACY["C47"],
}
KEPT = {
    "M32": "rights/test_data_map.py::test_every_field_of_every_model_is_in_the_map_and_no_other"
    " rights/test_data_map.py::test_every_table_of_the_databases_is_in_the_map"
    " rights/test_data_map.py::test_it_has_everything_that_is_kept_about_people",
    "C19": "rights/test_data_map.py::test_health_information_stands_apart_and_first"
    " rights/test_data_map.py::test_its_numbers_are_the_settings_in_force",
    "C12": PRIVACY["C12"],
    "M34": PRIVACY["M34"],
    "M35": f"{PRIVACY['M35']} rights/test_placing.py::test_the_ground_is_looked_at_again_within_a_year",
}
# Each day on which the words of the privacy page changed, and the SHA-256 of what they became.
WORDINGS = {"2026-11-23": "d1e884439f8ec263200a081fe9512e145b7453c91d4924a824ffe591df5f52db"}
PAGES = {"phr/privacy": PRIVACY, "phr/front": FRONT, "rights/kept": KEPT}
NAMED = sorted(
    {test for page in PAGES.values() for tests in page.values() for test in tests.split()}
)


class Sentences(HTMLParser):
    """The promises of a page, and the paragraphs and points that make none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.promises: list[str] = []
        self.bare: list[str] = []
        self.words: list[str] = []
        self.feed((ROOT / "templates" / f"{page}.html").read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        promise = dict(attrs).get("data-promise") or ""
        if promise:
            self.promises.append(promise)
        if tag in {"p", "li", "h2", "h3"}:
            above = self.open[-1][1] if self.open else ""
            self.open.append((tag, promise or above))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        said = FILLED_IN.sub("", data).strip()
        self.words += data.split()
        if self.open and self.open[-1] in {("p", ""), ("li", "")} and said:
            self.bare.append(said)


@cache
def functions_of(name: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / name).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("page", PAGES)
def test_every_sentence_is_held_by_a_test(page: str) -> None:
    said = Sentences(page)

    assert not said.bare, "these sentences promise something that no test holds"
    assert len(said.promises) == len(set(said.promises))
    assert set(said.promises) - ADVICE == set(PAGES[page])


def test_changed_words_have_a_new_date() -> None:
    said = Sentences("phr/privacy")
    day, digest = list(WORDINGS.items())[-1]
    page = (ROOT / "templates" / "phr" / "privacy.html").read_text(encoding="utf-8")
    shown = f"{date.fromisoformat(day):%-d %B %Y}"

    assert f'last changed on <time datetime="{day}">{shown}</time>' in page
    assert sha256(" ".join(said.words).encode()).hexdigest() == digest, (
        "The words have changed: put today's date on the page, and date and hash into WORDINGS."
    )


@pytest.mark.parametrize("name", NAMED)
def test_the_test_exists(name: str) -> None:
    file, _, test = name.partition("::")

    assert test.startswith("test_")
    assert test in functions_of(file)
