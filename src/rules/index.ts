import type { Rule } from '../model/index.js';
import { suppressionExpired } from './audit/suppression-expired.js';
import { suppressionWithoutReason } from './audit/suppression-without-reason.js';
import { unknownRule } from './audit/unknown-rule.js';
import { unreadableInput } from './audit/unreadable-input.js';
import { unusedSuppression } from './audit/unused-suppression.js';
import { backgroundWithoutWait } from './container/background-without-wait.js';
import { detachedWorker } from './container/detached-worker.js';
import { entrypointWithoutExec } from './container/entrypoint-without-exec.js';
import { initKillsWorker } from './container/init-kills-worker.js';
import { packageManagerAsInit } from './container/package-manager-as-init.js';
import { processManagerKillsEarly } from './container/process-manager-kills-early.js';
import { shellSwallowsSignal } from './container/shell-swallows-signal.js';
import { signalSentToGroup } from './container/signal-sent-to-group.js';
import { stopGracePeriodTooShort } from './container/stop-grace-period-too-short.js';
import { deploymentDeadlock } from './ecs/deployment-deadlock.js';
import { minimumHealthyPercent } from './ecs/minimum-healthy-percent.js';
import { noLogConfiguration } from './ecs/no-log-configuration.js';
import { scaleInUnprotected } from './ecs/scale-in-unprotected.js';
import { schedulerOverlap } from './ecs/scheduler-overlap.js';
import { schedulerReplicas } from './ecs/scheduler-replicas.js';
import { spotInterruptsTasks } from './ecs/spot-interrupts-tasks.js';
import { stopTimeoutAboveFargateLimit } from './ecs/stop-timeout-above-fargate-limit.js';
import { stopTimeoutTooShort } from './ecs/stop-timeout-too-short.js';

/** Every rule there is, by id. */
export const rules: readonly Rule[] = [
  suppressionExpired, suppressionWithoutReason, unknownRule, unreadableInput, unusedSuppression,
  backgroundWithoutWait, detachedWorker, entrypointWithoutExec, initKillsWorker, packageManagerAsInit, processManagerKillsEarly,
  shellSwallowsSignal, signalSentToGroup, stopGracePeriodTooShort,
  deploymentDeadlock, minimumHealthyPercent, noLogConfiguration, scaleInUnprotected, schedulerOverlap, schedulerReplicas,
  spotInterruptsTasks, stopTimeoutAboveFargateLimit, stopTimeoutTooShort,
];
