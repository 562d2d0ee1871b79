// EXPERIMENT_MODE: noAck, ackBefore or ackAfter. EXPERIMENT_PREFETCH: a number, or nothing (never called). EXPERIMENT_CLOSE: SIGTERM cancels, drains and closes.
import amqp from 'amqplib';
import { emit, measured } from './measured.mjs';

const { EXPERIMENT_MODE: mode, EXPERIMENT_PREFETCH: prefetch } = process.env;
const connection = await amqp.connect(process.env.EXPERIMENT_BROKER_URL), channel = await connection.createChannel();
await channel.assertQueue('q', { durable: true });
if (prefetch) await channel.prefetch(Number(prefetch));
let active = 0, stopping = false, chain = Promise.resolve();
const handle = async message => {
  if (stopping) return;
  if (mode === 'ackBefore') channel.ack(message);
  active++;
  await measured(JSON.parse(message.content).tid);
  active--;
  if (mode === 'ackAfter') channel.ack(message);
};
// one at a time, as where the work takes the CPU
const { consumerTag } = await channel.consume('q', message => { if (message) chain = chain.then(() => handle(message)); }, { noAck: mode === 'noAck' });
if (process.env.EXPERIMENT_CLOSE) process.on('SIGTERM', async () => {
  stopping = true;
  await channel.cancel(consumerTag);
  while (active) await new Promise(resolve => { setTimeout(resolve, 20); });
  await channel.close();
  await connection.close();
  process.exit(0);
});
emit('ready');
