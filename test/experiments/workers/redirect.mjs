// Loaded before a fixture's own code: whatever host and port it connects to, it is the experiment's broker. Addresses of SQS queues are its queue.
import net from 'node:net';

const host = process.env.EXPERIMENT_BROKER_HOST, port = Number(process.env.EXPERIMENT_BROKER_PORT);
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args; // net.connect hands on its normalised arguments
  const options = typeof first === 'object' && first !== null ? first : { port: first };
  if (options.path !== undefined) return connect.apply(this, args);
  const callback = rest.find(each => typeof each === 'function') ?? null;
  const target = { ...options, host, port };
  return callback ? connect.call(this, target, callback) : connect.call(this, target);
};
