import type { Pool } from 'pg';

/** Ends all sessions at PostgreSQL but the one that asks. */
export async function endSessions(pool: Pool): Promise<void> {
  await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
}
