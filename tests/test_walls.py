"""The second wall (DESIGN D3), tested in SQL: what the database's own catalogue says and does."""

import re
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from phr import privileges
from tests.raw import WALLED, as_role, login

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

LISTED = {"default": privileges.DEFAULT, "vault": privileges.VAULT}
SERVING = ("phr_web", "phr_worker")
VERBS = {"select": "r", "insert": "a", "update": "w", "delete": "d"}
# Policies that look at no patient, each with its reason.
OPEN = {
    ("accounts_auditevent", "phr_judge"): "tells looks, copies and ends by ids, times and numbers",
    ("accounts_patient", "phr_judge"): "answers the policies' own question, and nobody signs in",
    ("phr_delivery", "phr_judge"): "says of an id whether it was sent in, and nothing else",
    ("sharing_deliverychoice", "phr_judge"): "finds who keeps apart what comes with an offer",
    ("sharing_offer", "phr_judge"): "looks at one offer for its own sender; names no patient",
    ("phr_upload", "phr_judge"): "says of an id who brought it, and nothing else",
    ("phr_record", "phr_judge"): "looks up ids by tokens, in five columns without content",
    ("rights_erasure", "phr_judge"): "answers by reference; what its functions tell names nobody",
    ("rights_hold", "phr_judge"): "answers by an erasure's reference; tells no number",
    ("sharing_practitionerrole", "phr_judge"): "who works where is no patient's; nobody signs in",
    ("sharing_organization", "phr_judge"): "which facility is open is no patient's",
    ("sharing_shift", "phr_judge"): "who is on call when is no patient's",
    ("sharing_grant", "phr_judge"): "answers the policies' own question, and nobody signs in",
    ("sharing_handover", "phr_judge"): "finds a row by the hash of what was mailed",
    ("sharing_emergencyplan", "phr_judge"): "finds a plan by the hash of a code",
    ("sharing_emergencyplan", "phr_web phr_worker"): "restrictive: it only takes away",
    ("sharing_attestation", "phr_judge"): "knows who is asked about a permission, in three ids",
    ("sharing_emergencyaccess", "phr_judge"): "counts and closes; adds for the actor herself alone",
    (
        "sharing_sharelink",
        "phr_judge",
    ): "finds a grant by the hash of a secret, and empties secrets",
    ("sharing_sharelink", "phr_web phr_worker"): "restrictive: it only takes away",
    ("accounts_auditevent", "phr_web phr_worker"): "anybody's act may be written down",
    ("phr_record", "phr_web phr_worker"): "restrictive: it only takes away",
}
# The functions that read behind the wall for the policies, or ids alone for an index.
BEHIND = {
    "phr_pass_on",
    "phr_passed_on",
    "phr_my_looks",
    "phr_own",
    "phr_granted",
    "phr_grants",
    "phr_lets_in",
    "phr_newest",
    "phr_teams",
    "phr_managed",
    "phr_may_keep",
    "phr_may_decide",
    "phr_handover",
    "phr_claim",
    "phr_decides_until",
    "phr_delivered",
    "phr_unasked",
    "phr_brought",
    "phr_administers",
    "phr_answerers",
    "phr_answers_for",
    "phr_colleagues",
    "phr_addresses",
    "phr_may_write",
    "phr_found",
    "phr_matching",
    "phr_move_epoch",
    "phr_hide",
    "phr_hold",
    "phr_show_again",
    "phr_leaving",
    "phr_restrict",
    "phr_resting",
    "phr_for_another",
    "phr_erasure_holds",
    "phr_may_hold",
    "phr_erasure",
    "phr_record_of",
    "phr_hidden",
    "phr_link_of",
    "phr_plan_of",
    "phr_break_glass",
    "phr_close_emergency",
    "phr_empty_link",
    "phr_ended",
}

# How the planner is told to go about it, where it knows too little by itself.
PLANNED = {
    "phr_found": ["plan_cache_mode=force_custom_plan"],
    "phr_matching": ["enable_seqscan=off"],
}


def ask(alias: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with login(alias) as opened:
        return opened.execute(statement, values).fetchall()


@pytest.mark.parametrize(("alias", "least"), [("default", 10), ("vault", 1)])
def test_every_table_with_a_patient_is_walled(alias: str, least: int) -> None:
    walled = [name for (name,) in ask(alias, WALLED)]
    assert len(walled) >= least

    for name in walled:
        forced = ask(
            alias,
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            name,
        )
        assert forced == [(True,)], name


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_what_a_role_may_do_to_a_walled_table_some_policy_judges(alias: str) -> None:
    for (name,) in ask(alias, WALLED):
        policies = ask(
            alias,
            "SELECT polcmd, polroles::regrole[]::text[] FROM pg_policy"
            " WHERE polrelid = %s::regclass AND polpermissive",
            name,
        )
        for role, listed in zip(privileges.ROLES, LISTED[alias][name], strict=True):
            for verb, letter in VERBS.items():
                judged = any(
                    command in {letter, "*"} and role in roles for command, roles in policies
                )
                allowed = re.search(rf"\b{verb}\b", listed) is not None
                assert judged or not allowed, f"{role} may {verb} {name} and no policy judges it"


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_no_wall_is_open_to_everybody(alias: str) -> None:
    rows = ask(
        alias,
        "SELECT polrelid::regclass::text, array_to_string(polroles::regrole[], ' '),"
        " COALESCE(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))"
        " FROM pg_policy",
    )

    assert not [row for row in rows if "-" in row[1].split(" ")], "a policy for PUBLIC"
    assert {(table, roles) for table, roles, rule in rows if rule == "true"} <= {
        *OPEN,
        *((table, privileges.BACKUP) for table, _, _ in rows),
    }


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_a_backup_reads_every_row_and_its_role_can_do_nothing_else(alias: str) -> None:
    """A table that `phr_backup` saw nothing of would be dumped empty, without a word."""
    walled = ask(
        alias,
        "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity"
        " AND relnamespace = 'public'::regnamespace",
    )
    seen = ask(
        alias,
        "SELECT polrelid::regclass::text FROM pg_policy WHERE polpermissive AND polcmd = 'r'"
        " AND polroles::regrole[]::text[] = %s AND pg_get_expr(polqual, polrelid) = 'true'",
        [privileges.BACKUP],
    )
    mentioned = ask(
        alias,
        "SELECT polrelid::regclass::text FROM pg_policy WHERE %s::regrole::oid = ANY (polroles)",
        privileges.BACKUP,
    )
    assert sorted(walled) == sorted(seen) == sorted(mentioned)

    with login(alias) as opened:
        for table in LISTED[alias]:
            assert held(opened, privileges.BACKUP, table) == {"select": None}, table


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_what_hangs_on_a_walled_table_says_whose_it_is(alias: str) -> None:
    """A child table without a patient column would be a way around the wall."""
    walled = {name for (name,) in ask(alias, WALLED)}
    children = ask(
        alias,
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'f'",
    )

    assert {child for child, parent in children if parent in walled} <= walled


ROLES = [*privileges.ROLES, privileges.BACKUP]


def test_the_roles_pass_by_no_wall() -> None:
    flags = ask(
        "default",
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND NOT (rolsuper OR rolbypassrls"
        " OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolinherit OR rolreplication)",
        ROLES,
    )
    assert {name for (name,) in flags} == set(ROLES)
    memberships = ask(
        "default",
        "SELECT 1 FROM pg_auth_members WHERE member::regrole::text = ANY (%s)",
        ROLES,
    )
    assert not memberships


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_the_roles_own_nothing_and_make_nothing(alias: str) -> None:
    owned = ask(
        alias,
        "SELECT relname FROM pg_class WHERE relowner::regrole::text = ANY (%s)"
        " UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner::regrole::text = ANY (%s)"
        " UNION ALL SELECT proname FROM pg_proc WHERE proowner::regrole::text = ANY (%s)"
        " UNION ALL SELECT datname FROM pg_database WHERE datdba::regrole::text = ANY (%s)",
        ROLES,
        ROLES,
        [*SERVING, privileges.BACKUP],
        ROLES,
    )
    assert not owned
    for role in ROLES:
        statement = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"
        assert ask(alias, statement, role) == [(False,)]


def test_functions_that_look_behind_the_wall_fix_where_they_look() -> None:
    """Without `pg_temp` at the end, a temporary table would be taken for a real one."""
    rows = ask(
        "default",
        "SELECT proname, proowner::regrole::text, proconfig FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'"
        " WHERE prosecdef",
    )

    assert {name for name, _, _ in rows} == set(BEHIND)
    for name, owner, config in rows:
        assert owner == "phr_judge", name
        assert config == [
            "search_path=pg_catalog, public, pg_temp",
            *PLANNED.get(name, []),
        ], name


def test_no_view_looks_behind_the_wall() -> None:
    assert not ask(
        "default",
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND relkind IN ('v', 'm')"
        " AND NOT COALESCE(reloptions @> ARRAY['security_invoker=true'], false)",
    )


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_every_table_is_listed(alias: str) -> None:
    tables = {
        name
        for (name,) in ask(alias, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }

    assert tables == set(LISTED[alias])


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_the_roles_hold_exactly_the_listed_privileges(alias: str) -> None:
    with login(alias) as opened:
        for table, listed in LISTED[alias].items():
            for role, words in zip(privileges.ROLES, listed, strict=True):
                assert held(opened, role, table) == wanted(words), f"{role} on {table}"


def wanted(words: str) -> dict[str, set[str] | None]:
    """`select, update (a, b)` as verb → columns, None meaning all of them."""
    found: dict[str, set[str] | None] = {}
    for verb, columns in re.findall(r"(\w+)(?:\s*\(([^)]*)\))?(?:,\s*|$)", words):
        found[verb] = {name.strip() for name in columns.split(",")} if columns else None
    return found


def held(
    opened: psycopg.Connection[tuple[Any, ...]], role: str, table: str
) -> dict[str, set[str] | None]:
    """What the catalogue says, privileges of PUBLIC included."""
    found: dict[str, set[str] | None] = {}
    for verb in (*VERBS, "truncate", "references", "trigger"):
        whole = opened.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, verb])
        if whole.fetchall() == [(True,)]:
            found[verb] = None
        elif verb in {"select", "insert", "update", "references"}:
            rows = opened.execute(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass"
                " AND attnum > 0 AND NOT attisdropped AND has_column_privilege(%s, attrelid,"
                " attnum, %s)",
                [table, role, verb],
            )
            columns = {name for (name,) in rows}
            if columns:
                found[verb] = columns
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE phr_record SET patient_id = gen_random_uuid()",
        "UPDATE phr_record SET resource_type = 'Basic'",
        "UPDATE phr_record SET identity = ''",
        "UPDATE phr_binary SET patient_id = gen_random_uuid()",
        "UPDATE phr_binary SET name = 'other'",
        "UPDATE phr_upload SET patient_id = gen_random_uuid()",
        "UPDATE phr_recordversion SET body_sealed = ''",
        "UPDATE phr_recordfile SET record_id = gen_random_uuid()",
        "UPDATE sharing_grant SET categories = '{laboratory}'",
        "UPDATE sharing_grant SET labels = '{1}'",
        "UPDATE sharing_grant SET may_copy = true",
        "UPDATE sharing_grant SET types = '{}'",
        "UPDATE sharing_grant SET tags = '{}'",
        "UPDATE sharing_grant SET records = '{}'",
        "UPDATE sharing_grant SET besides = '{}'",
        "UPDATE sharing_grant SET data_from = NULL",
        "UPDATE sharing_grant SET agreement_sealed = NULL",
        "UPDATE sharing_grant SET ends_at = NULL",
        "UPDATE sharing_grant SET patient_id = gen_random_uuid()",
        "UPDATE sharing_grant SET invited_email = 'carol@example.org'",
        "UPDATE accounts_patient SET user_id = gen_random_uuid()",
        "UPDATE accounts_patient SET restricted_at = NULL",
        "UPDATE accounts_patient SET erasing_at = NULL",
        "UPDATE accounts_patient SET name_sealed = ''",
        "UPDATE phr_tag SET name_sealed = ''",
        "DELETE FROM phr_tag",
        "INSERT INTO phr_recordfile (id) VALUES (gen_random_uuid())",
        "DELETE FROM phr_record",
        "DELETE FROM sharing_grant",
        "DELETE FROM accounts_patient",
        "UPDATE rights_erasure SET purged_at = now()",
        "UPDATE rights_hold SET record_id = gen_random_uuid()",
        "UPDATE rights_hold SET rehomed_at = now()",
        "DELETE FROM rights_hold",
        "SELECT 1 FROM rights_helditem",
        "SELECT 1 FROM rights_heldfile",
        "SELECT 1 FROM accounts_auditseal",
        "SELECT message_sealed FROM accounts_outgoingmail",
        "TRUNCATE phr_record CASCADE",
        "ALTER TABLE phr_record NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE phr_record DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON phr_record USING (true)",
        "CREATE TABLE public.mine (id int)",
        "SET ROLE postgres",
    ],
)
def test_what_the_web_role_may_never_do(statement: str) -> None:
    with as_role("phr_web") as web, pytest.raises(InsufficientPrivilege):
        web.execute(statement)


@pytest.mark.parametrize("role", SERVING)
@pytest.mark.parametrize("table", ["accounts_auditevent", "accounts_auditseal"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"]
)
def test_the_roles_may_only_add_to_the_trail(role: str, table: str, statement: str) -> None:
    column = "sequence" if table.endswith("seal") else "id"
    text = statement.format(table).replace("id = id", f"{column} = {column}")
    with as_role(role) as opened, pytest.raises(InsufficientPrivilege):
        opened.execute(text)


def test_only_this_patients_key_comes_out_of_the_vault() -> None:
    with as_role("phr_web", alias="vault") as web, pytest.raises(InsufficientPrivilege):
        web.execute("DELETE FROM vault_patientkey")
    with as_role("phr_web", alias="vault") as web, pytest.raises(InsufficientPrivilege):
        web.execute("UPDATE vault_patientkey SET wrapped = ''")
    # The worker wraps keys anew, one patient at a time; it moves none to another patient.
    with as_role("phr_worker", alias="vault") as worker:
        assert worker.execute("UPDATE vault_patientkey SET wrapped = ''").rowcount == 0
        with pytest.raises(InsufficientPrivilege):
            worker.execute("UPDATE vault_patientkey SET patient_id = gen_random_uuid()")
