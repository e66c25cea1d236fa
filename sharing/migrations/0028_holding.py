"""What is decided still holds when it is written: until then nothing of it can be taken away."""

from django.db import migrations

# In this order everywhere: what she is at a facility, then the patient. Who keeps the record may go on
# to change the patient's row, so she takes at once the lock that two cannot have.
HOLD = """
CREATE FUNCTION phr_hold(about uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM sharing_practitionerrole r
    WHERE r.user_id = phr_actor() AND phr_door() = 'session' ORDER BY r.id FOR SHARE;
    IF phr_acting_for() = about THEN
        PERFORM 1 FROM accounts_patient p
        WHERE p.id = about AND phr_may_keep(about) FOR NO KEY UPDATE;
    ELSE
        PERFORM 1 FROM accounts_patient p WHERE p.id = about AND phr_lets_in(about) FOR SHARE;
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0027_notices_with_a_say")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                HOLD,
                "ALTER FUNCTION phr_hold(uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY sharing_practitionerrole_held ON sharing_practitionerrole"
                " FOR UPDATE TO phr_judge USING (user_id = phr_actor())",
            ]
        )
    ]
