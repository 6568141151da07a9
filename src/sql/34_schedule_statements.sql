-- What the jobs of a schedule do, in words, from their arguments and without
-- secrets.  Keys of the arguments: tables, databases (arrays of names as statements have
-- them), query, into (an array) or sink_uri, options (an object: null is an option
-- without a value).
CREATE FUNCTION jobs.schedule_option(name text, value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN name ~ '^[a-z][a-z_ ]*$' THEN name ELSE pg_catalog.quote_ident(name) END ||
		   CASE WHEN value IS NULL OR value IN ('null', 'true') THEN ''
				WHEN name ~* '(secret|pass|key|token|credential|auth|cert|sig)' THEN ' = ''redacted'''
				WHEN pg_catalog.jsonb_typeof(value) = 'array' THEN
					' = (' || (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(jobs.redact_uri(e.uri)), ', ' ORDER BY e.ordinality)
							   FROM pg_catalog.jsonb_array_elements_text(value) WITH ORDINALITY e(uri, ordinality)) || ')'
				WHEN pg_catalog.jsonb_typeof(value) = 'string' THEN ' = ' || pg_catalog.quote_literal(jobs.redact_uri(value #>> '{}'))
				ELSE ' = ' || (value #>> '{}') END;
END;
COMMENT ON FUNCTION jobs.schedule_option(text, jsonb) IS
'an option of what the jobs of a schedule do, as a statement has it, without secrets';

CREATE FUNCTION jobs.schedule_work(command jsonb, latest boolean, detached boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.concat_ws(' ',
		'TABLE ' || (SELECT pg_catalog.string_agg(t.name, ', ' ORDER BY t.ordinality)
					 FROM pg_catalog.jsonb_array_elements_text(command -> 'tables') WITH ORDINALITY t(name, ordinality)),
		'DATABASE ' || (SELECT pg_catalog.string_agg(d.name, ', ' ORDER BY d.ordinality)
						FROM pg_catalog.jsonb_array_elements_text(command -> 'databases') WITH ORDINALITY d(name, ordinality)),
		'INTO', CASE WHEN latest THEN 'LATEST IN' END,
		(SELECT CASE pg_catalog.count(*) WHEN 1 THEN pg_catalog.min(i.uri)
					 ELSE '(' || pg_catalog.string_agg(i.uri, ', ' ORDER BY i.ordinality) || ')' END
		 FROM (SELECT pg_catalog.quote_literal(jobs.redact_uri(e.uri)) AS uri, e.ordinality
			   FROM pg_catalog.jsonb_array_elements_text(coalesce(command -> 'into', pg_catalog.jsonb_build_array(command -> 'sink_uri')))
					WITH ORDINALITY e(uri, ordinality)) i),
		'WITH ' || (SELECT pg_catalog.string_agg(jobs.schedule_option(o.name, o.value), ', ' ORDER BY o.name = 'detached', o.name)
					FROM pg_catalog.jsonb_each(coalesce(command -> 'options', '{}') ||
											   CASE WHEN detached THEN '{"detached": null}'::jsonb ELSE '{}' END) o(name, value)),
		'AS ' || (command ->> 'query') || CASE WHEN command ->> 'query' LIKE '%--%' THEN E'\n' ELSE '' END);
END;
COMMENT ON FUNCTION jobs.schedule_work(jsonb, boolean, boolean) IS
'what the jobs of a schedule back up or send, where to and with which options, as a statement has it, without secrets';

CREATE FUNCTION jobs.schedule_statement(executor_type text, command jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE executor_type
		   WHEN 'BACKUP' THEN 'BACKUP ' || jobs.schedule_work(command, (command -> 'backup_type') IS NOT NULL, true)
		   WHEN 'CHANGEFEED' THEN 'CREATE CHANGEFEED ' || CASE WHEN command ? 'tables' THEN 'FOR ' ELSE '' END ||
								  jobs.schedule_work(command, false, false)
		   ELSE command ->> 'command' END;
END;
COMMENT ON FUNCTION jobs.schedule_statement(text, jsonb) IS
'the statement that the jobs of a schedule run, without secrets';
