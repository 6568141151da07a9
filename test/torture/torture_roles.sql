-- The roles of the torture test: owners of jobs that differ in what they may do
-- and in how their sessions begin, one who may control nobody's jobs, and owners of
-- schedules.
CREATE ROLE alice LOGIN;
GRANT pg_execute_server_program TO alice;
CREATE ROLE bob LOGIN;
ALTER ROLE bob SET default_transaction_isolation = 'serializable';
CREATE ROLE carol LOGIN;
ALTER ROLE carol SET default_transaction_isolation = 'repeatable read';
CREATE ROLE dave LOGIN;
ALTER ROLE dave SET synchronous_commit = off;
GRANT carol TO dave;
CREATE ROLE mallory LOGIN;
CREATE ROLE erin LOGIN;
CREATE ROLE frank LOGIN;
GRANT frank TO erin;
CREATE ROLE grace LOGIN;
