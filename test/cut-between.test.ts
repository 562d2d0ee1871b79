import { beforeAll, describe, expect, test } from 'vitest';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import { linked, problemsOf } from './linked.js';

/** Rows that a run of a job adds in front of the write that keeps a second run from it. */
beforeAll(() => loadTypeScript());

const told = (body: string): readonly string[] => problemsOf('tasks/non-idempotent-write', linked({ 'package.json': '{"name":"shop"}', 'w.ts': `import { Worker } from 'bullmq';\nimport { db } from './db';\nconst worker = new Worker('bills', async job => {\n${body}\n}, { connection });\nprocess.once('SIGTERM', () => worker.close());\nasync function inOne(work) { return db.$transaction(work); }\n` })).map(({ severity, at, related = [] }) => `${severity ?? 'error'} ${at.startLine} ${related.filter(({ message }) => message.includes('from here on')).map(one => one.at.startLine).join()}`.trim());

const order = "const order = await db.order.findUnique({ where: { id: job.data.id } });\nif (order.billed) return;\n";
const bill = 'await db.bill.create({ data: { orderId: 1 } });', mark = 'await db.order.update({ where: { id: 1 }, data: { billed: true } });';
const due = "for (const plan of await db.plan.findMany({ where: { nextAt: { lte: now } } })) {\n";

describe('a kill between the two adds them again', () => {
  test.each<[string, string, readonly string[]]>([
    ['of one row', `${order}${bill}\n${mark}`, ['note 6 7']],
    ['of each row of a list', `${due}${bill}\nawait db.plan.update({ where: { id: plan.id }, data: { nextAt: next(plan) } });\n}`, ['note 5 6']],
    ['whatever the other branches write', `${due}if (plan.isOver) { await db.plan.update({ where: { id: plan.id }, data: { nextAt: null } }); continue; }\n${bill}\nawait db.plan.update({ where: { id: plan.id }, data: { nextAt: next(plan) } });\n}`, ['note 6 7']],
    ['and whatever happens after an error', `${due}try {\n${bill}\ntry { check(plan); } catch { await db.plan.update({ where: { id: plan.id }, data: { nextAt: null } }); continue; }\nawait db.plan.update({ where: { id: plan.id }, data: { nextAt: next(plan) } });\n} catch (error) { console.error(error); }\n}`, ['note 6 8']],
    ['of a summary that takes the place of its rows', "const parts = await db.note.findMany({ where: { kind: 'part' } });\nif (parts.length < 10) return;\nawait db.note.create({ data: { kind: 'summary', text: 'a' } });\nawait db.note.updateMany({ where: { id: 1 }, data: { kind: 'old' } });", ['note 6 7']],
  ])('%s', (_, body, expected) => { expect(told(body)).toEqual(expected); });
});

describe('quiet', () => {
  test.each<[string, string]>([
    ['the mark is written first', `${order}${mark}\n${bill}`],
    ['both in one transaction', `${order}await db.$transaction(async tx => {\nawait tx.bill.create({ data: { orderId: 1 } });\nawait tx.order.update({ where: { id: 1 }, data: { billed: true } });\n});`],
    ['both in one list of a transaction', `${order}await db.$transaction([db.bill.create({ data: { orderId: 1 } }), db.order.update({ where: { id: 1 }, data: { billed: true } })]);`],
    ['both in one that a function opens', `${order}await inOne(async tx => {\nawait tx.bill.create({ data: { orderId: 1 } });\nawait tx.order.update({ where: { id: 1 }, data: { billed: true } });\n});`],
    ['it is one row whoever adds it', `${order}await db.bill.upsert({ where: { orderId: 1 }, create: {}, update: {} });\n${mark}`],
    ['its own row is what is asked for', "const bill = await db.bill.findFirst({ where: { orderId: 1, kind: 'a' } });\nif (bill) return;\nawait db.bill.create({ data: { kind: 'a' } });"],
    ['nobody can tell what is asked', `if (await allowed(job.data)) {\n${bill}\n${mark}\n}`],
  ])('%s', (_, body) => { expect(told(body)).toEqual([]); });
});
