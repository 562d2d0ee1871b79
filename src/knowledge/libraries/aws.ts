import type { LibraryCall } from './types.js';

const BOTO = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.(client|resource)\(\)(\.\w+(\(\))?)*\.`;
const BOTO_CLIENT = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.client\(\)\.`;
/** Objects are made without a call (`Object()`, `Bucket()`); their methods call. */
const BOTO_RESOURCE = String.raw`^(boto3|aioboto3|boto3\.session\.Session\(\)|boto3\.Session\(\))\.resource\(\)(\.[A-Z]\w*(\(\))?)*\.`;

/** boto3: botocore's read timeout is 60 s (botocore.config.Config). An object or item of the same key is there once. */
export const AWS_CALLS: readonly LibraryCall[] = [
  { name: new RegExp(`${BOTO}(send_email|send_raw_email|send_templated_email|send_bulk_templated_email|send_bulk_email)$`), kind: 'email', timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(put_object|upload_file|upload_fileobj|copy_object|copy|put_item|batch_write_item|put)$`), kind: 'upload', idempotent: true, timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(delete\\w*)$`), kind: 'delete', idempotent: true, timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(send_message|send_message_batch|publish|put_events|put_record|put_records|start_execution)$`), kind: 'publish', timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO}(run_task|invoke|create_\\w+|start_\\w+|update_\\w+|stop_\\w+|register_\\w+)$`), kind: 'http-write', timeoutSeconds: 60 },
  // what a client answers is a plain mapping: its get() and items() go nowhere
  { name: new RegExp(`${BOTO_CLIENT}(?!get_paginator|get_waiter|can_paginate|generate_presigned|close|exceptions)[a-z]\\w*$`), kind: 'http-read', timeoutSeconds: 60 },
  { name: new RegExp(`${BOTO_RESOURCE}[a-z]\\w*$`), kind: 'http-read', timeoutSeconds: 60 },
];
