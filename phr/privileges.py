"""Which role may do what to which table. A table that is not listed can be touched by no one.

`manage.py migrate` takes every privilege away and gives these; tests/test_walls.py compares.
"""

from typing import Any

ALL = "select, insert, update, delete"
GROW = "select, insert"

# For each table what phr_web, phr_worker and phr_judge may.
DEFAULT: dict[str, tuple[str, str, str]] = {
    "accounts_auditevent": (GROW, GROW, ""),
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
        "select, insert, update (access_epoch)",
        "select, delete",
        "select, update (access_epoch, erasing_at, restricted_at)",
    ),
    "accounts_practitioner": ("select, insert, update (verified_at, verified_by_id)", "select", ""),
    "accounts_user": ("select, insert, update", "select, insert, update", "select"),
    "accounts_user_groups": ("select", "", ""),
    "accounts_user_user_permissions": ("select", "", ""),
    "account_emailaddress": (ALL, GROW, "select"),
    "account_emailconfirmation": (ALL, "", ""),
    "auth_group": ("select", "", ""),
    "auth_group_permissions": ("select", "", ""),
    "auth_permission": ("select", "", ""),
    "django_admin_log": (GROW, "", ""),
    "django_cache": (ALL, "select, delete", ""),
    "django_content_type": ("select", "select", ""),
    "django_migrations": ("select", "select", ""),
    "django_session": (ALL, "select, delete", ""),
    "mfa_authenticator": (ALL, "select (id, user_id, type, created_at, last_used_at)", ""),
    "phr_binary": ("select, insert, update (size, complete_at), delete", ALL, ""),
    "phr_provenance": ("select", ALL, ""),
    "phr_record": (
        "select, update (hidden_at, labels, updated_at)",
        ALL,
        "select (id, patient_id, tokens, hidden_at)",
    ),
    "phr_recordfile": ("select", ALL, ""),
    "phr_recordversion": ("select", ALL, ""),
    "phr_upload": ("select, insert, update (dismissed_at), delete", ALL, ""),
    "rights_erasure": (GROW, "select, update", ""),
    "rights_export": ("select, insert, update (expires_at)", ALL, ""),
    "sharing_grant": (
        "select, insert, update (grantee_id, accepted_at, revoked_at)",
        "select, update (revoked_at, invited_email), delete",
        "select, update (revoked_at)",
    ),
    "usersessions_usersession": (ALL, "select, delete", ""),
}
VAULT: dict[str, tuple[str, str, str]] = {
    "django_migrations": ("select", "select", ""),
    "vault_keyencryptionkey": (GROW, GROW, ""),
    "vault_ledgerentry": (
        "insert, select (id, made_at)",
        "select, insert, update (token, emptied_at)",
        "",
    ),
    "vault_patientkey": (GROW, "select, insert, delete", ""),
}
ROLES = ("phr_web", "phr_worker", "phr_judge")


def apply(cursor: Any, listed: dict[str, tuple[str, str, str]]) -> None:
    """Take all privileges on tables and sequences from the three roles, and give the listed ones."""
    roles = ", ".join(ROLES)
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")
    cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO phr_web, phr_worker")
    for table, privileges in listed.items():
        for role, verbs in zip(ROLES, privileges, strict=True):
            if verbs:
                cursor.execute(f"GRANT {verbs} ON {table} TO {role}")
