/*-------------------------------------------------------------------------
 *
 * worker_server_progress.h
 *	  How far the server says that a worker is with the command that it runs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_server_progress.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_SERVER_PROGRESS_H
#define CJ_WORKER_SERVER_PROGRESS_H

#include "utils/backend_status.h"

extern double cj_worker_server_progress(const PgBackendStatus *backend);

#endif							/* CJ_WORKER_SERVER_PROGRESS_H */
