-- The roles of the system privileges.  Roles are the whole server's: another
-- database may have made them.  One that can log in is somebody's own, and who
-- made one before us can have kept the right to grant it.
DO LANGUAGE plpgsql $$
DECLARE
	privilege text;
	carrier record;
	grantors text;
BEGIN
	FOREACH privilege IN ARRAY ARRAY['CONTROLJOB', 'REPAIRCLUSTER', 'VIEWJOB']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = lower(privilege)) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', lower(privilege));
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL;	-- by another CREATE EXTENSION just now
			END;
		END IF;

		SELECT oid, rolname, rolcanlogin OR rolsuper AS somebodys INTO STRICT carrier
		FROM pg_roles WHERE rolname = lower(privilege);
		SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) INTO grantors
		FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
		WHERE m.roleid = carrier.oid AND m.admin_option AND NOT r.rolsuper;

		IF carrier.somebodys THEN
			RAISE WARNING 'role "%" does not carry the privilege %', carrier.rolname, privilege
				USING DETAIL = 'It existed before, and can log in or is a superuser.',
					  HINT = 'Rename it and create the extension anew, or put another role into jobs.system_privilege.';
		ELSIF grantors IS NOT NULL THEN
			RAISE WARNING 'role "%" existed before, and others than superusers can grant it', carrier.rolname
				USING DETAIL = format('They can so give the privilege %s: %s.', privilege, grantors);
		END IF;
		INSERT INTO jobs.system_privilege (privilege, role)
		VALUES (privilege, CASE WHEN NOT carrier.somebodys THEN carrier.oid END);
	END LOOP;
END
$$;
