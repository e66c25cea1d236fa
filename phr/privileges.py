"""Which role may do what to which table. A table that is not listed can be touched by no one.

`manage.py migrate` takes every privilege away and gives these; tests/test_walls.py compares.
"""

from typing import Any

ALL = "select, insert, update, delete"
GROW = "select, insert"

# For each table what phr_web, phr_worker and phr_judge may.
DEFAULT: dict[str, tuple[str, str, str]] = {
    "accounts_auditevent": (
        GROW,
        GROW,
        "select (at, actor_id, action, patient_id, outcome, subject, basis, records)",
    ),
    "accounts_auditseal": ("", GROW, ""),
    "accounts_consent": (
        "select, insert, update (withdrawn_at, withdrawn_by)",
        "select, update (withdrawn_at, withdrawn_by), delete",
        "",
    ),
    "accounts_outgoingmail": (
        "select (id, created_at, attempts, due_at, sent_at), insert",
        "select, insert, update, delete",
        "",
    ),
    "accounts_patient": (
        "select, insert, update (access_epoch, born_sealed)",
        "select, delete",
        "select, update (access_epoch, erasing_at, restricted_at, opened_by_id)",
    ),
    "accounts_portal": ("select", "select, insert, update", ""),
    "accounts_licencecheck": (GROW, "select, delete", ""),
    "accounts_practitioner": (
        (
            "select, insert, update (verified_at, verified_by_id, recheck_on, recheck_due_at,"
            " place, listed_at)"
        ),
        "select, update (recheck_due_at), delete",
        "select (user_id, verified_at)",
    ),
    "accounts_user": ("select, insert, update", "select, insert, update, delete", "select"),
    "accounts_user_groups": ("select", "select (user_id), delete", ""),
    "accounts_user_user_permissions": ("select", "select (user_id), delete", ""),
    "account_emailaddress": (ALL, "select, insert, delete", "select"),
    "account_emailconfirmation": (ALL, "select, delete", ""),
    "auth_group": ("select", "", ""),
    "auth_group_permissions": ("select", "", ""),
    "auth_permission": ("select", "", ""),
    "django_admin_log": (GROW, "select (user_id)", ""),
    "django_cache": (ALL, "select, delete", ""),
    "django_content_type": ("select", "select", ""),
    "django_migrations": ("select", "select", ""),
    "django_session": (ALL, "select, delete", ""),
    "mfa_authenticator": (
        ALL,
        "select (id, user_id, type, created_at), delete",
        "select (user_id, type)",
    ),
    "phr_binary": ("select, insert, update (size, complete_at, arriving_until), delete", ALL, ""),
    "phr_delivery": (
        "select, insert, update (accepted_at, refused_at, outside_too)",
        ALL,
        "select (id)",
    ),
    "phr_provenance": (GROW, ALL, ""),
    "phr_record": (
        (
            "select, insert, update (hidden_at, labels, updated_at, category, effective_at, dated,"
            " tokens, tags, favourite, never_shared, digest, likeness, version, body_sealed)"
        ),
        ALL,
        "select (id, patient_id, tokens, hidden_at, effective_at)",
    ),
    "phr_remark": ("select, insert, update (answer, answered_at)", ALL, ""),
    "phr_recordfile": ("select", ALL, ""),
    "phr_recordversion": (GROW, ALL, ""),
    "phr_renewal": ("", ALL, ""),
    "phr_tag": (GROW, ALL, ""),
    "phr_upload": (
        (
            "select, insert, update (dismissed_at, confirmed_at, undone_at, options_sealed,"
            " previewed_at), delete"
        ),
        ALL,
        "select (id, original_id, by_id)",
    ),
    "rights_case": (
        "select, insert, update (closed_at)",
        "select, update (patient_id, user_id, closed_at)",
        "",
    ),
    "rights_casemessage": (GROW, "select, update (patient_id, text_sealed), delete", ""),
    "rights_clockevent": (GROW, "select, insert, update (patient_id)", ""),
    "rights_rightrequest": (
        (
            "select, insert, update (state, decision, ground, proposed_by, decided_by,"
            " acknowledged_at, decided_at, legal_on, safe_on, acknowledge_on, waiting_since)"
        ),
        "select, update (patient_id, state, waiting_since, proposed_by, decided_by)",
        "",
    ),
    "rights_erasure": (
        "select, insert, update (undone_at, purge_after, due_at)",
        "select, insert, update, delete",
        (
            "select (id, patient_id, record_id, reference, scope, planned, steps, hidden_at,"
            " purge_after, undone_at, purged_at, finished_at)"
        ),
    ),
    "rights_export": ("select, insert, update (expires_at)", ALL, ""),
    "rights_heldfile": ("", ALL, ""),
    "rights_helditem": ("", ALL, ""),
    "rights_hold": (
        (
            "select, insert, update (review_on, placed_after_request, confirmed_by, confirmed_at,"
            " declined_by, declined_at, reviewed_by, reviewed_at, release_asked_by, release_asked_at,"
            " released_by, released_at, opening_asked_by, opening_asked_at, opening_allowed_by,"
            " opening_allowed_at)"
        ),
        (
            "select, update (patient_id, record_id, declined_at, opened_at, erasure_id, rehomed_at,"
            " lost_at, emptied_at, told_at, release_told_at)"
        ),
        (
            "select (patient_id, record_id, erasure_id, ground, review_on, placed_after_request,"
            " confirmed_at, released_at, emptied_at)"
        ),
    ),
    "sharing_agreement": (
        "select, insert, update (confirmed_at)",
        "",
        "",
    ),
    "sharing_organization": (
        (
            "select, insert, update (name, place, identifier, regime, policy_url, policy_version,"
            " first_verified_by_id, first_verified_at, verified_by_id, verified_at, suspended_at,"
            " listed_at, closing_at, closed_at)"
        ),
        (
            "select, update (closing_at, closing_told_up_to, closing_told_at, closed_at,"
            " suspended_at, first_verified_by_id, first_verified_at, verified_by_id, verified_at)"
        ),
        "select",
    ),
    "sharing_practitionerrole": (
        "select, insert, update (user_id, accepted_at, ends_at, suspended_at)",
        "select, update (user_id, invited_email, accepted_at, ends_at, suspended_at), delete",
        "select, update (suspended_at)",
    ),
    "sharing_shift": ("select, insert, delete", "select, delete", "select"),
    "sharing_accessrequest": (
        "select, insert, update (granted_at, refused_at, given)",
        "select, delete",
        "",
    ),
    "sharing_deliverychoice": (
        "select, insert, update (unasked, chosen_at)",
        "select, delete",
        "select",
    ),
    "sharing_offer": ("select, insert, update (sent_at)", "select, delete", "select"),
    "sharing_grant": (
        "select, insert, update (grantee_id, accepted_at, paused_at, revoked_at)",
        "select, update (paused_at, revoked_at, invited_email), delete",
        "select, insert, update (revoked_at)",
    ),
    "sharing_handover": (
        "select, insert, update (withdrawn_at)",
        "select, delete",
        "select, update (claimed_at, email)",
    ),
    "sharing_emergencyplan": (
        (
            "select, insert, update (armed_at, card, categories, labels, lookup, code_sealed,"
            " names_her, says_birth_date)"
        ),
        "select, update (armed_at), delete",
        "select",
    ),
    "sharing_emergencyaccess": (
        "select",
        "select, delete",
        "select, insert, update (closed_at, closed_by_id, outcome)",
    ),
    "sharing_sharelink": (
        "select, insert, update (attempts_left, uses_left)",
        "select, delete",
        "select (lookup, grant_id), update (secret_sealed)",
    ),
    "sharing_attestation": (
        "select, insert, update (answer, reason, words_sealed, answered_by_id, answered_at)",
        "select, insert, update (overdue_told_at), delete",
        "select (grant_id, grantee_id, organization_id)",
    ),
    "sharing_statuslist": ("select", "select, insert, update", ""),
    "sharing_usage": (GROW, "select, update (user_id), delete", ""),
    "sharing_usagekey": (GROW, "select, delete", ""),
    "sharing_notice": ("select, insert, update (seen_at)", ALL, ""),
    "sharing_noticechoice": ("select, insert, update (quiet)", "select, delete", ""),
    "usersessions_usersession": (ALL, "select, delete", ""),
}
VAULT: dict[str, tuple[str, str, str]] = {
    "django_migrations": ("select", "select", ""),
    "vault_backupset": ("select", "select, insert, update", ""),
    "vault_certificate": (GROW, GROW, ""),
    "vault_keyencryptionkey": (GROW, "select, insert, delete", ""),
    "vault_ledgerentry": (
        "insert, select (id, made_at)",
        "select, insert, update (token, emptied_at)",
        "",
    ),
    "vault_patientkey": (GROW, "select, insert, update (kek_id, wrapped), delete", ""),
    "vault_pulse": ("select", "select, insert, update", ""),
}
LISTED = {"default": DEFAULT, "vault": VAULT}
ROLES = ("phr_web", "phr_worker", "phr_judge")
# Reads every row of every table for a backup, and nothing else; nobody signs in as it.
BACKUP = "phr_backup"
NOT_YET_SEEN = """
    SELECT c.relname::text FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relrowsecurity AND NOT EXISTS (
        SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polname = 'phr_backup'
      )
"""


def apply(cursor: Any, listed: dict[str, tuple[str, str, str]]) -> None:
    """Take all privileges on tables and sequences from the three roles, and give the listed ones."""
    close(cursor)
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(ROLES)}")
    for role in ROLES[:2]:
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    for role in ROLES:
        give(cursor, listed, role)


def open_for_work(cursor: Any, listed: dict[str, tuple[str, str, str]]) -> None:
    """Give jobs what is listed for them, and the web nothing: a restored database is put in order."""
    close(cursor)
    cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO phr_worker")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(ROLES)}")
    for role in ROLES[1:]:
        give(cursor, listed, role)


def close(cursor: Any) -> None:
    """Take all privileges on tables from the roles the portal works through."""
    roles = ", ".join(ROLES)
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}")


def give(cursor: Any, listed: dict[str, tuple[str, str, str]], role: str) -> None:
    """Give one role what is listed for it."""
    verbs = {table: privileges[ROLES.index(role)] for table, privileges in listed.items()}
    grants = [f"GRANT {may} ON {table} TO {role}" for table, may in verbs.items() if may]
    if grants:
        cursor.execute("; ".join(grants))


def let_backups_see(cursor: Any) -> None:
    """Let `phr_backup` read every row of every table there is now, walled or not."""
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {BACKUP}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {BACKUP}")
    cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {BACKUP}")
    cursor.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP}")
    cursor.execute(NOT_YET_SEEN)
    for (table,) in cursor.fetchall():
        cursor.execute(f"CREATE POLICY {BACKUP} ON {table} FOR SELECT TO {BACKUP} USING (true)")
