import type { QueueFacts } from '../../model/index.js';
import { textOf, valueAt, valueOf } from '../../parsers/nodes.js';
import { exprOf, fieldAt, fixedField, mapLiteral, toNumber } from '../node-values.js';
import { idOf, nameIn, propsOf, type Program } from './program.js';

/** The SQS queues that a file makes and holds in a variable. */
export function queuesIn({ calls, resources, source }: Program): readonly QueueFacts[] {
  return calls.flatMap((call): readonly QueueFacts[] => {
    const { name, at } = call;
    if (!call.isNew || name === undefined || !resources.has(name) || !/(?:^|\.)Queue$/.test(call.callee)) return [];
    const props = propsOf(call);
    const letters = valueOf(props, 'deadLetterQueue');
    const count = valueOf(letters, 'maxReceiveCount');
    const target = nameIn(valueAt(props, 'deadLetterQueue', 'queue'));
    return [{
      address: `cdk.${name}`, at, name: textOf(valueOf(props, 'queueName')) ?? idOf(call) ?? name, visibilityTimeout: fieldAt(props, ['visibilityTimeout'], { source, owner: at, turn: toNumber }),
      maxReceiveCount: fixedField(at, count ? mapLiteral(exprOf(count, source), toNumber) : letters && { is: 'opaque', text: 'dead-letter queue', at }), ...(target !== undefined && { deadLetters: { is: 'reference', module: 'cdk', name: target, at } }),
    }];
  });
}
