// EXPERIMENT_OPTIONS: options of the Worker. EXPERIMENT_CLOSE: what SIGTERM does: wait (close()), force (close(true)), exit; otherwise there is no handler.
import { Worker } from 'bullmq';
import { emit, measured } from './measured.mjs';

const worker = new Worker('q', job => measured(job.data.tid), { connection: { host: process.env.EXPERIMENT_BROKER_HOST, port: Number(process.env.EXPERIMENT_BROKER_PORT) }, ...JSON.parse(process.env.EXPERIMENT_OPTIONS ?? '{}') });
worker.on('failed', (job, error) => emit('failed', { tid: job?.data.tid, exc: error.message }));
worker.on('error', () => {});
const close = process.env.EXPERIMENT_CLOSE;
if (close) process.on('SIGTERM', async () => {
  if (close !== 'exit') await worker.close(close === 'force');
  process.exit(0);
});
await worker.waitUntilReady();
emit('ready');
