/**
 * First releases that the measured ones (tables.ts) cannot tell: settings, task options and command-line options, each where a release before it
 * lacks it. Source: celery/app/defaults.py, app/autoretry.py, app/base.py and bin/*.py of the releases 5.0.0, 5.1.0, 5.2.0, 5.3.0, 5.3.1, 5.3.6, 5.4.0,
 * 5.5.0 and 5.6.0, compared one with the next; those of 4.x: the release tags of celery's repository.
 */
export const FIRST_RELEASES: Readonly<Record<string, string>> = {
  control_queue_ttl: '4.0.0', control_queue_expires: '4.0.0', task_reject_on_worker_lost: '4.0.0', worker_max_memory_per_child: '4.0.0',
  task_acks_on_failure_or_timeout: '4.3.0', worker_proc_alive_timeout: '4.4.0',

  azureblockblob_base_path: '5.1.0', redis_username: '5.1.0', task_store_eager_result: '5.1.0',
  worker_cancel_long_running_tasks_on_connection_loss: '5.1.0', worker_deduplicate_successful_tasks: '5.1.0',

  azureblockblob_connection_timeout: '5.2.0', azureblockblob_read_timeout: '5.2.0',

  beat_cron_starting_deadline: '5.3.0', broker_channel_error_retry: '5.3.0', broker_connection_retry_on_startup: '5.3.0', cassandra_bundle_path: '5.3.0',
  security_key_password: '5.3.0', task_allow_error_cb_on_chord_header: '5.3.0', dont_autoretry_for: '5.3.0', '--skip-checks': '5.3.0', '--optimization': '5.3.1',

  gcs_bucket: '5.4.0', gcs_project: '5.4.0', gcs_base_path: '5.4.0', gcs_ttl: '5.4.0', worker_enable_prefetch_count_reduction: '5.4.0',

  broker_native_delayed_delivery_queue_type: '5.5.0', database_create_tables_at_setup: '5.5.0', task_default_queue_type: '5.5.0',
  worker_detect_quorum_queues: '5.5.0', worker_soft_shutdown_timeout: '5.5.0', worker_enable_soft_shutdown_on_idle: '5.5.0',
  pydantic: '5.5.0', pydantic_strict: '5.5.0', pydantic_context: '5.5.0', pydantic_dump_kwargs: '5.5.0',

  control_queue_exclusive: '5.6.0', control_queue_durable: '5.6.0', event_queue_exclusive: '5.6.0', event_queue_durable: '5.6.0',
  task_create_missing_queue_type: '5.6.0', task_create_missing_queue_exchange_type: '5.6.0', worker_eta_task_limit: '5.6.0', worker_disable_prefetch: '5.6.0',
  '--disable-prefetch': '5.6.0',
};
