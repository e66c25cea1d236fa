"""What hides a record, lets it rest, and takes it out of the database at the end.

A patient who is being erased is in nobody's list any more, so her own act could not write to her
row; these functions may, each for one thing.
"""

from django.db import migrations

from sharing.walls import SYSTEM

# Hidden from everyone in one statement's time: the patient and every permission she gave.
HIDE = """
CREATE FUNCTION phr_hide(about uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT (phr_may_write(about) OR (phr_door() = 'system' AND phr_about() = about)) THEN
        RETURN false;
    END IF;
    UPDATE accounts_patient
    SET erasing_at = statement_timestamp(), access_epoch = access_epoch + 1
    WHERE id = about AND erasing_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE sharing_grant SET revoked_at = statement_timestamp()
    WHERE patient_id = about AND revoked_at IS NULL;
    RETURN true;
END $$
"""
# Undoing: only for who she is, and only while her row is still there. Permissions stay ended.
SHOW_AGAIN = """
CREATE FUNCTION phr_show_again(about uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE accounts_patient SET erasing_at = NULL, access_epoch = access_epoch + 1
    WHERE id = about AND erasing_at IS NOT NULL AND (
        (user_id = phr_actor() AND phr_door() = 'session')
        OR (phr_door() = 'system' AND phr_about() = about)
    );
    RETURN FOUND;
END $$
"""
# Whether the actor's record is on its way out: she can begin a new one only afterwards.
LEAVING = """
CREATE FUNCTION phr_leaving() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM accounts_patient
        WHERE user_id = phr_actor() AND phr_door() = 'session' AND erasing_at IS NOT NULL
    )
$$
"""
# Restriction of processing (GDPR Art. 18): the desk decides, the database enforces.
RESTRICT = """
CREATE FUNCTION phr_restrict(about uuid, rest boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF phr_door() NOT IN ('staff', 'system') OR (phr_door() = 'staff' AND NOT EXISTS (
        SELECT 1 FROM accounts_user WHERE id = phr_actor() AND is_staff AND is_active
    )) THEN
        RETURN false;
    END IF;
    -- FOR UPDATE: an import that has begun to write comes to its end first.
    PERFORM 1 FROM accounts_patient WHERE id = about FOR UPDATE;
    UPDATE accounts_patient
    SET restricted_at = CASE WHEN rest THEN statement_timestamp() END,
        access_epoch = access_epoch + 1
    WHERE id = about AND (restricted_at IS NULL) = rest;
    RETURN FOUND;
END $$
"""
# Among the patients an act can be about: those whose record must not grow.
RESTING = """
CREATE FUNCTION phr_resting() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM accounts_patient p
    WHERE p.restricted_at IS NOT NULL AND (p.id = phr_about() OR p.user_id = phr_actor())
$$
"""
NAMES = (
    "phr_hide(uuid)",
    "phr_show_again(uuid)",
    "phr_leaving()",
    "phr_restrict(uuid, boolean)",
    "phr_resting()",
)
RESTS = "patient_id <> ALL (ARRAY(SELECT phr_resting()))"
# The worker that purges and the one that replays touch one patient's rows at a time.
ABOUT = f"{SYSTEM} AND patient_id = (SELECT phr_about())"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0003_epoch")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                HIDE,
                SHOW_AGAIN,
                LEAVING,
                RESTRICT,
                RESTING,
                *(f"ALTER FUNCTION {name} OWNER TO phr_judge" for name in NAMES),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY sharing_grant_judge ON sharing_grant FOR UPDATE TO phr_judge"
                " USING (true)",
                "CREATE POLICY sharing_grant_resting ON sharing_grant AS RESTRICTIVE FOR INSERT"
                f" TO phr_web, phr_worker WITH CHECK ({RESTS})",
                "CREATE POLICY sharing_grant_worker ON sharing_grant FOR UPDATE TO phr_worker"
                f" USING ({ABOUT}) WITH CHECK ({ABOUT})",
                "CREATE POLICY sharing_grant_purge ON sharing_grant FOR DELETE TO phr_worker"
                f" USING ({ABOUT})",
                "CREATE POLICY accounts_patient_purge ON accounts_patient FOR DELETE TO phr_worker"
                f" USING ({SYSTEM} AND id = (SELECT phr_about()) AND erasing_at IS NOT NULL)",
            ]
        )
    ]
