// EXPERIMENT_QUEUE: its name. EXPERIMENT_OPTIONS: options of the Consumer. EXPERIMENT_CLOSE: SIGTERM stops it and waits.
import { SQSClient, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { emit, measured } from './measured.mjs';

const sqs = new SQSClient({});
let queueUrl;
while (!queueUrl) queueUrl = await sqs.send(new GetQueueUrlCommand({ QueueName: process.env.EXPERIMENT_QUEUE })).then(found => found.QueueUrl, () => new Promise(resolve => { setTimeout(resolve, 100); }));
const consumer = Consumer.create({ queueUrl, sqs, waitTimeSeconds: 1, ...JSON.parse(process.env.EXPERIMENT_OPTIONS ?? '{}'), handleMessage: async message => { await measured(JSON.parse(message.Body).tid); return message; } });
consumer.on('error', error => console.log('ERR', error.message));
consumer.on('processing_error', error => console.log('ERR', error.message));
if (process.env.EXPERIMENT_CLOSE) process.on('SIGTERM', () => { consumer.stop(); consumer.on('stopped', () => process.exit(0)); });
consumer.start();
emit('ready');
