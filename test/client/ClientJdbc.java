// Cancels, pauses and reads jobs with JDBC: in each of the driver's query modes,
// with parameters as text and binary, with server-side prepared statements at
// once, later and never.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class ClientJdbc {
    static final long MISSING = 999999999999L; // no job has this id; it needs a bigint
    static final String COLUMNS = "job_id job_type description user_name status running_status"
        + " created started finished modified fraction_completed error coordinator_id";
    static final String COLUMNS_BY_ID = "job_id job_type description statement user_name status"
        + " running_status created started finished modified fraction_completed error"
        + " coordinator_id trace_id execution_errors";
    static final String[] VARIANTS = {
        "preferQueryMode=extended",
        "preferQueryMode=extended&prepareThreshold=1",
        "preferQueryMode=extended&prepareThreshold=-1", // binary results at once
        "preferQueryMode=extended&binaryTransfer=false",
        "preferQueryMode=extendedForPrepared",
        "preferQueryMode=extendedCacheEverything",
        "preferQueryMode=simple",
    };

    static Connection watcher;
    static Connection session;
    static String variant;

    interface Scenario {
        void run() throws Exception;
    }

    static void same(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError("got " + got + ", wanted " + wanted);
        }
    }

    static Connection connect(String options) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?" + options,
            System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
    }

    static PreparedStatement prepare(Connection c, String query, Object... parameters)
            throws SQLException {
        PreparedStatement statement = c.prepareStatement(query);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    // A statement without parameters runs as a Statement, another as a PreparedStatement.
    static int update(String query, Object... parameters) throws SQLException {
        if (parameters.length == 0) {
            try (Statement statement = session.createStatement()) {
                return statement.executeUpdate(query);
            }
        }
        try (PreparedStatement statement = prepare(session, query, parameters)) {
            return statement.executeUpdate();
        }
    }

    // The first n columns of the rows whose first column is the job.
    static List<String> rows(ResultSet result, long job, int n) throws SQLException {
        List<String> rows = new ArrayList<>();
        while (result.next()) {
            if (result.getLong(1) == job) {
                List<String> row = new ArrayList<>();
                for (int i = 2; i <= n; i++) {
                    row.add(result.getString(i));
                }
                rows.add(String.join("|", row));
            }
        }
        return rows;
    }

    static String names(ResultSet result) throws SQLException {
        ResultSetMetaData meta = result.getMetaData();
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            names.add(meta.getColumnName(i));
        }
        return String.join(" ", names);
    }

    static void fails(String sqlstate, String message, int position, String query,
            Object... parameters) throws SQLException {
        try {
            update(query, parameters);
        } catch (PSQLException e) {
            ServerErrorMessage error = e.getServerErrorMessage();
            same(error.getSQLState() + " " + error.getMessage() + " " + error.getPosition(),
                sqlstate + " " + message + " " + position);
            return;
        }
        throw new AssertionError(query + " did not fail");
    }

    static Object ask(String query, Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepare(watcher, query, parameters)) {
            ResultSet result = statement.executeQuery();
            result.next();
            return result.getObject(1);
        }
    }

    static Object status(long job) throws SQLException {
        return ask("SELECT status FROM jobs.jobs WHERE job_id = ?", job);
    }

    static void waitStatus(String wanted, long... jobs) throws Exception {
        long end = System.nanoTime() + 60_000_000_000L;
        for (long job : jobs) {
            while (!wanted.equals(status(job))) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("job " + job + " is " + status(job) + ", not "
                        + wanted);
                }
                Thread.sleep(20);
            }
        }
    }

    static long submit(String description) throws SQLException {
        return (Long) ask("SELECT jobs.submit('SELECT pg_sleep(600)', description => ?)",
            description);
    }

    static long runningJob() throws Exception {
        long job = submit("jdbc");
        waitStatus("running", job);
        return job;
    }

    static void literal() throws Exception {
        long job = runningJob();
        same(update("CANCEL JOB " + job), 1);
        try (PreparedStatement statement = session.prepareStatement("CANCEL JOB " + job)) {
            same(statement.execute(), false);
            same(statement.getUpdateCount(), 1);
        }
        waitStatus("canceled", job);
    }

    static void parameter() throws Exception {
        for (Class<?> type : new Class<?>[] {Long.class, Integer.class}) {
            long job = runningJob();
            Object id = type == Long.class ? (Object) job : (Object) (int) job;
            same(update("CANCEL JOB ?", id), 1);
            waitStatus("canceled", job);
            same(update("CANCEL JOB ?", id), 1); // once more changes nothing
        }
        try (PreparedStatement statement = session.prepareStatement("CANCEL JOB ?")) {
            statement.setNull(1, Types.BIGINT);
            same(statement.executeUpdate(), 0);
        }
    }

    static void parameterType() throws Exception {
        if (variant.endsWith("=simple")) {
            return; // there the driver cannot describe any statement
        }
        for (String query : new String[] {"CANCEL JOB ?", "PAUSE JOB ?", "RESUME JOB ?",
            "SHOW JOB ?"}) {
            try (PreparedStatement statement = session.prepareStatement(query)) {
                same(statement.getParameterMetaData().getParameterTypeName(1), "int8");
            }
        }
    }

    static void transaction() throws Exception {
        long[] jobs = {runningJob(), runningJob()};
        session.setAutoCommit(false);
        for (boolean commit : new boolean[] {false, true}) {
            same(update("CANCEL JOB " + jobs[0]), 1);
            same(update("CANCEL JOB ?", jobs[1]), 1);
            try (PreparedStatement statement = prepare(session,
                "SELECT job_id, status FROM [SHOW JOB ?]", jobs[1])) {
                same(rows(statement.executeQuery(), jobs[1], 2), List.of("cancel-requested"));
            }
            same(status(jobs[0]), "running");
            same(status(jobs[1]), "running");
            if (commit) {
                session.commit();
            } else {
                session.rollback();
            }
            waitStatus(commit ? "canceled" : "running", jobs);
        }
    }

    static void twentyTimes() throws Exception {
        long[] jobs = new long[40];
        for (int i = 0; i < 40; i++) {
            jobs[i] = submit("jdbc");
        }
        try (PreparedStatement statement = session.prepareStatement("CANCEL JOB ?")) {
            for (int i = 0; i < 20; i++) {
                statement.setLong(1, jobs[i]);
                same(statement.executeUpdate(), 1);
            }
            for (int i = 20; i < 40; i++) {
                statement.setLong(1, jobs[i]);
                statement.addBatch();
            }
            for (int n : statement.executeBatch()) {
                same(n, 1);
            }
        }
        waitStatus("canceled", jobs);
    }

    static void query() throws Exception {
        for (String select : new String[] {
            "(SELECT job_id FROM [SHOW JOBS] WHERE description = ?)",
            "SELECT job_id FROM [SHOW JOBS] AS j WHERE j.description = ?"}) {
            String description = "jdbc " + System.nanoTime();
            long[] jobs = {submit(description), submit(description)};
            waitStatus("running", jobs[0]);
            same(update("CANCEL JOBS " + select, description), 2);
            waitStatus("canceled", jobs);
        }
    }

    static void pauseAndResume() throws Exception {
        long job = runningJob();
        String[] then = {"PAUSE", "paused", "RESUME", "running", "CANCEL", "canceled"};
        for (int i = 0; i < then.length; i += 2) {
            same(update(then[i] + " JOB ?", job), 1);
            waitStatus(then[i + 1], job);
        }
    }

    static void showJobs() throws Exception {
        long job = runningJob();
        for (boolean prepared : new boolean[] {false, false, true, true}) {
            for (int i = 0; i < 6; i++) {       // past the driver's prepareThreshold
                try (PreparedStatement statement = session.prepareStatement("SHOW JOBS");
                    Statement plain = session.createStatement()) {
                    ResultSet result = prepared ? statement.executeQuery()
                        : plain.executeQuery("SHOW JOBS");
                    same(names(result), COLUMNS);
                    same(rows(result, job, 5), List.of("SQL|jdbc|postgres|running"));
                }
            }
            update("DISCARD ALL");
        }
        update("CANCEL JOB ?", job);
    }

    static void showJob() throws Exception {
        long job = runningJob();
        try (PreparedStatement parameter = prepare(session, "SHOW JOB ?", job);
            PreparedStatement literal = prepare(session, "SHOW JOB " + job)) {
            for (int i = 0; i < 6; i++) {
                for (PreparedStatement statement : List.of(parameter, literal)) {
                    ResultSet result = statement.executeQuery();
                    same(names(result), COLUMNS_BY_ID);
                    same(rows(result, job, 6),
                        List.of("SQL|jdbc|SELECT pg_sleep(600)|postgres|running"));
                }
            }
            parameter.setLong(1, MISSING);
            same(parameter.executeQuery().next(), false);
        }
        update("CANCEL JOB ?", job);
    }

    static void rowSource() throws Exception {
        long job = runningJob();
        try (PreparedStatement statement = prepare(session,
            "SELECT job_id, status FROM [SHOW JOBS] WHERE job_id = ?", job)) {
            same(rows(statement.executeQuery(), job, 2), List.of("running"));
        }
        session.setAutoCommit(false);
        for (String query : new String[] {"SHOW JOBS", "SELECT job_id FROM [SHOW JOBS]"}) {
            try (PreparedStatement statement = prepare(session, query)) {
                statement.setFetchSize(1); // the portal is suspended after each row
                same(rows(statement.executeQuery(), job, 1), List.of(""));
            }
        }
        session.commit();
        session.setAutoCommit(true);
        update("CANCEL JOB ?", job);
    }

    // The command tag has a count that the driver knows, or none.
    static void scheduleAndOwner() throws Exception {
        long job = submit("jdbc");
        try (PreparedStatement statement = prepare(watcher, "UPDATE jobs.job SET created_by_type ="
            + " 'crdb_schedule', created_by_id = job_id WHERE job_id = ?", job)) {
            statement.executeUpdate();
        }
        same(update("PAUSE JOBS FOR SCHEDULE ?", job), 1);
        waitStatus("paused", job);
        same(update("ALTER JOB ? OWNER TO CURRENT_USER", job), 0);
        same(update("RESUME JOBS FOR SCHEDULES SELECT " + job), 1);
        try (PreparedStatement statement = prepare(session, "SHOW JOBS FOR SCHEDULE ?", job)) {
            ResultSet result = statement.executeQuery();
            same(names(result), COLUMNS_BY_ID);
            same(rows(result, job, 2), List.of("SQL"));
        }
        same(update("CANCEL JOBS FOR SCHEDULE ?", job), 1);
        try (PreparedStatement statement = prepare(session, "SHOW JOB WHEN COMPLETE ?", job)) {
            ResultSet result = statement.executeQuery();
            same(result.next(), true);
            same(result.getString("status"), "canceled");
        }
    }

    static void settingsAndPrivileges() throws Exception {
        for (Object value : new Object[] {"5000", 6000}) {
            same(update("SET CLUSTER SETTING jobs.retention.max_rows = ?", value), 0);
            try (Statement statement = session.createStatement()) {
                ResultSet result =
                    statement.executeQuery("SHOW CLUSTER SETTING jobs.retention.max_rows");
                result.next();
                same(result.getMetaData().getColumnTypeName(1), "int8");
                same(result.getString(1), value.toString());
            }
        }
        update("RESET CLUSTER SETTING jobs.retention.max_rows");
        update("CREATE ROLE client CONTROLJOB");
        update("GRANT SYSTEM MODIFYCLUSTERSETTING TO client");
        try (PreparedStatement statement = prepare(session, "SHOW SYSTEM GRANTS FOR client")) {
            ResultSet result = statement.executeQuery();
            same(names(result), "grantee privilege_type is_grantable");
            List<String> privileges = new ArrayList<>();
            while (result.next()) {
                privileges.add(result.getString(2));
            }
            same(privileges, List.of("CONTROLJOB", "MODIFYCLUSTERSETTING"));
        }
        update("REVOKE SYSTEM MODIFYCLUSTERSETTING FROM client");
        update("ALTER ROLE client NOCONTROLJOB");
        update("DROP ROLE client");
    }

    static void toldOf(String query, long job, String message) throws SQLException {
        try (PreparedStatement statement = prepare(session, query, job)) {
            statement.executeQuery();
            same(statement.getWarnings().getMessage(), message);
        }
    }

    static void toldOfReasons() throws Exception {
        long job = runningJob();
        same(update("PAUSE JOB ? WITH REASON = 'lunch'", job), 1);
        waitStatus("paused", job);
        toldOf("SELECT jobs.wait(?, '1 ms')", job,
            "job " + job + " was paused before it completed with reason: lunch");
        same(update("CANCEL JOB ? WITH REASON = ?", job, "no need"), 1);
        toldOf("SELECT jobs.wait(?)", job, "job canceled by user with reason: no need");
    }

    static void errorInTransaction() throws Exception {
        long job = runningJob();
        session.setAutoCommit(false);
        fails("22012", "division by zero", 0, "SELECT 1/0");
        fails("25P02", "current transaction is aborted, commands ignored until end of"
            + " transaction block", 0, "CANCEL JOB ?", job);
        session.rollback();
        same(status(job), "running");
        same(update("CANCEL JOB ?", job), 1);
        session.commit();
        waitStatus("canceled", job);
    }

    static void errors() throws Exception {
        String missing = "job with ID " + MISSING + " does not exist";
        fails("42704", missing, 0, "CANCEL JOB " + MISSING);
        fails("42704", missing, 0, "CANCEL JOB ?", MISSING);
        fails("42601", "syntax error at or near \"SELEC\"", 1, "SELEC 1");
        fails("42601", "syntax error at or near \"2\"", 14, "CANCEL JOB 1 2");
        fails("42703", "column \"a\" does not exist", 21,
            "CANCEL JOBS (SELECT a FROM [SHOW JOBS] j)");
    }

    static void run(String name, Scenario scenario) throws Exception {
        System.out.println(variant + ": " + name);
        session = connect(variant);
        scenario.run();
        session.close();
    }

    public static void main(String[] arguments) throws Exception {
        watcher = connect("");
        for (String v : VARIANTS) {
            variant = v;
            run("literal", ClientJdbc::literal);
            run("parameter", ClientJdbc::parameter);
            run("parameterType", ClientJdbc::parameterType);
            run("transaction", ClientJdbc::transaction);
            run("twentyTimes", ClientJdbc::twentyTimes);
            run("query", ClientJdbc::query);
            run("pauseAndResume", ClientJdbc::pauseAndResume);
            run("showJobs", ClientJdbc::showJobs);
            run("showJob", ClientJdbc::showJob);
            run("rowSource", ClientJdbc::rowSource);
            run("scheduleAndOwner", ClientJdbc::scheduleAndOwner);
            run("settingsAndPrivileges", ClientJdbc::settingsAndPrivileges);
            run("toldOfReasons", ClientJdbc::toldOfReasons);
            run("errorInTransaction", ClientJdbc::errorInTransaction);
            run("errors", ClientJdbc::errors);
        }
        watcher.close();
    }
}
