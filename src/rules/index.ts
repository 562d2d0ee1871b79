import { forbiddenSuppression } from './audit/forbidden-suppression.js';
import { staleBaselineEntry } from './audit/stale-baseline-entry.js';
import { suppressionExpired } from './audit/suppression-expired.js';
import { suppressionWithoutReason } from './audit/suppression-without-reason.js';
import { unknownRule } from './audit/unknown-rule.js';
import { unreadableInput } from './audit/unreadable-input.js';
import { unusedDuration } from './audit/unused-duration.js';
import { unusedSuppression } from './audit/unused-suppression.js';
import { acknowledgementNeverSent } from './celery/acknowledgement-never-sent.js';
import { brokerMayEvict } from './celery/broker-may-evict.js';
import { brokerNotDurable } from './celery/broker-not-durable.js';
import { concurrencyUnset } from './celery/concurrency-unset.js';
import { connectionLossDuplicates } from './celery/connection-loss-duplicates.js';
import { countdownExceedsConsumerTimeout } from './celery/countdown-exceeds-consumer-timeout.js';
import { countdownExceedsVisibilityTimeout } from './celery/countdown-exceeds-visibility-timeout.js';
import { earlyAck } from './celery/early-ack.js';
import { embeddedBeat } from './celery/embedded-beat.js';
import { endlessRedelivery } from './celery/endless-redelivery.js';
import { mixedSettingNames } from './celery/mixed-setting-names.js';
import { noSigtermRemap } from './celery/no-sigterm-remap.js';
import { noTimeLimit } from './celery/no-time-limit.js';
import { prefetchAboveOne } from './celery/prefetch-above-one.js';
import { redeliveryNeverHappens } from './celery/redelivery-never-happens.js';
import { resultsNeverExpire } from './celery/results-never-expire.js';
import { settingIgnored } from './celery/setting-ignored.js';
import { sigtermRemapIneffective } from './celery/sigterm-remap-ineffective.js';
import { sigtermRemapLosesTasks } from './celery/sigterm-remap-loses-tasks.js';
import { softLimitNotBelowHard } from './celery/soft-limit-not-below-hard.js';
import { softShutdownExceedsStopTimeout } from './celery/soft-shutdown-exceeds-stop-timeout.js';
import { softShutdownIneffective } from './celery/soft-shutdown-ineffective.js';
import { stringBoolean } from './celery/string-boolean.js';
import { timeLimitDropsTask } from './celery/time-limit-drops-task.js';
import { timeLimitIgnored } from './celery/time-limit-ignored.js';
import { timeLimitTooLong } from './celery/time-limit-too-long.js';
import { unknownSetting } from './celery/unknown-setting.js';
import { visibilityTimeoutIneffective } from './celery/visibility-timeout-ineffective.js';
import { visibilityTimeoutNotSeconds } from './celery/visibility-timeout-not-seconds.js';
import { visibilityTimeoutTooLong } from './celery/visibility-timeout-too-long.js';
import { visibilityTimeoutTooShort } from './celery/visibility-timeout-too-short.js';
import { workerLossAcknowledged } from './celery/worker-loss-acknowledged.js';
import { backgroundWithoutWait } from './container/background-without-wait.js';
import { detachedWorker } from './container/detached-worker.js';
import { entrypointWithoutExec } from './container/entrypoint-without-exec.js';
import { initKillsWorker } from './container/init-kills-worker.js';
import { noSignalHandler } from './container/no-signal-handler.js';
import { packageManagerAsInit } from './container/package-manager-as-init.js';
import { processManagerKillsEarly } from './container/process-manager-kills-early.js';
import { shellSwallowsSignal } from './container/shell-swallows-signal.js';
import { signalSentToGroup } from './container/signal-sent-to-group.js';
import { stopGracePeriodTooShort } from './container/stop-grace-period-too-short.js';
import { wrongStopSignal } from './container/wrong-stop-signal.js';
import { azRebalancingInterrupts } from './ecs/az-rebalancing-interrupts.js';
import { deploymentDeadlock } from './ecs/deployment-deadlock.js';
import { healthCheckKillsBusyWorker } from './ecs/health-check-kills-busy-worker.js';
import { logLoss } from './ecs/log-loss.js';
import { memoryOvercommitted } from './ecs/memory-overcommitted.js';
import { minimumHealthyPercent } from './ecs/minimum-healthy-percent.js';
import { mutableImageTag } from './ecs/mutable-image-tag.js';
import { noDeploymentRollback } from './ecs/no-deployment-rollback.js';
import { noLogConfiguration } from './ecs/no-log-configuration.js';
import { plaintextCredentials } from './ecs/plaintext-credentials.js';
import { scaleInIgnoresInFlight } from './ecs/scale-in-ignores-in-flight.js';
import { scaleInUnprotected } from './ecs/scale-in-unprotected.js';
import { schedulerOverlap } from './ecs/scheduler-overlap.js';
import { schedulerReplicas } from './ecs/scheduler-replicas.js';
import { schedulerStateLost } from './ecs/scheduler-state-lost.js';
import { sidecarStopsFirst } from './ecs/sidecar-stops-first.js';
import { spotInterruptsTasks } from './ecs/spot-interrupts-tasks.js';
import { stopTimeoutAboveFargateLimit } from './ecs/stop-timeout-above-fargate-limit.js';
import { stopTimeoutOnWrongContainer } from './ecs/stop-timeout-on-wrong-container.js';
import { stopTimeoutTooShort } from './ecs/stop-timeout-too-short.js';
import { ackAfterFailure } from './amqp/ack-after-failure.js';
import { ackBeforeWork } from './amqp/ack-before-work.js';
import { noAck } from './amqp/no-ack.js';
import { noPrefetch } from './amqp/no-prefetch.js';
import { lockShorterThanJob } from './bullmq/lock-shorter-than-job.js';
import { noAttempts } from './bullmq/no-attempts.js';
import { noGracefulClose } from './bullmq/no-graceful-close.js';
import { retryWithoutBackoff as bullmqRetryWithoutBackoff } from './bullmq/retry-without-backoff.js';
import { stalledJobFails } from './bullmq/stalled-job-fails.js';
import { commitBeforeWork } from './kafka/commit-before-work.js';
import { schedulerPerReplica } from './node/scheduler-per-replica.js';
import { closeOrder } from './node/close-order.js';
import { exitsBeforeDrain } from './node/exits-before-drain.js';
import { noSigtermHandler } from './node/no-sigterm-handler.js';
import { shutdownHooksMissing } from './node/shutdown-hooks-missing.js';
import { deleteBeforeWork } from './sqs/delete-before-work.js';
import { deleteOnFailure } from './sqs/delete-on-failure.js';
import { visibilityTimeoutTooShort as sqsVisibilityTimeoutTooShort } from './sqs/visibility-timeout-too-short.js';
import { noDeadLetterQueue } from './sqs/no-dead-letter-queue.js';
import { brokerEvictions } from './live/broker-evictions.js';
import { deadLetters } from './live/dead-letters.js';
import { deploymentStuck } from './live/deployment-stuck.js';
import { deploysFasterThanTasksFinish } from './live/deploys-faster-than-tasks-finish.js';
import { drift } from './live/drift.js';
import { killedAfterStopTimeout } from './live/killed-after-stop-timeout.js';
import { outOfMemoryKills } from './live/out-of-memory-kills.js';
import { failureAcknowledged } from './tasks/failure-acknowledged.js';
import { lockConflictDropsTask } from './tasks/lock-conflict-drops-task.js';
import { lockOutlivesRedelivery } from './tasks/lock-outlives-redelivery.js';
import { lockReleasedByNonOwner } from './tasks/lock-released-by-non-owner.js';
import { lockWithoutExpiry } from './tasks/lock-without-expiry.js';
import { longSleep } from './tasks/long-sleep.js';
import { messageIncompatible } from './tasks/message-incompatible.js';
import { modelInstanceArgument } from './tasks/model-instance-argument.js';
import { noNetworkTimeout } from './tasks/no-network-timeout.js';
import { nonIdempotentWrite } from './tasks/non-idempotent-write.js';
import { publishInTransaction } from './tasks/publish-in-transaction.js';
import { retrySwallowed } from './tasks/retry-swallowed.js';
import { retryWithoutBackoff } from './tasks/retry-without-backoff.js';
import { retryWithoutLimit } from './tasks/retry-without-limit.js';
import { softLimitSwallowed } from './tasks/soft-limit-swallowed.js';
import { statusWithoutReaper } from './tasks/status-without-reaper.js';
import { unbatchedLoop } from './tasks/unbatched-loop.js';
import { unboundedLoop } from './tasks/unbounded-loop.js';
import { waitsForResult } from './tasks/waits-for-result.js';
import type { Rule } from '../model/index.js';

/** Every rule there is, by family: about the audit, the deployment, the container, the workers' configuration, the task functions. */
export const rules: readonly Rule[] = [
  forbiddenSuppression, staleBaselineEntry, suppressionExpired, suppressionWithoutReason, unknownRule, unreadableInput, unusedDuration, unusedSuppression,
  azRebalancingInterrupts, deploymentDeadlock, healthCheckKillsBusyWorker, logLoss, memoryOvercommitted, minimumHealthyPercent, mutableImageTag, noDeploymentRollback, noLogConfiguration, plaintextCredentials, scaleInIgnoresInFlight, scaleInUnprotected, schedulerOverlap, schedulerReplicas, schedulerStateLost, sidecarStopsFirst, spotInterruptsTasks,
  stopTimeoutAboveFargateLimit, stopTimeoutOnWrongContainer, stopTimeoutTooShort,
  backgroundWithoutWait, detachedWorker, entrypointWithoutExec, initKillsWorker, noSignalHandler, packageManagerAsInit, processManagerKillsEarly, shellSwallowsSignal,
  signalSentToGroup, stopGracePeriodTooShort, wrongStopSignal,
  acknowledgementNeverSent, brokerMayEvict, brokerNotDurable, concurrencyUnset, connectionLossDuplicates, countdownExceedsConsumerTimeout, countdownExceedsVisibilityTimeout, earlyAck, embeddedBeat, endlessRedelivery, mixedSettingNames, noSigtermRemap, noTimeLimit, prefetchAboveOne,
  redeliveryNeverHappens, resultsNeverExpire, settingIgnored, sigtermRemapIneffective, sigtermRemapLosesTasks, softLimitNotBelowHard, softShutdownExceedsStopTimeout, softShutdownIneffective, stringBoolean,
  timeLimitDropsTask, timeLimitIgnored, timeLimitTooLong,
  unknownSetting, visibilityTimeoutIneffective, visibilityTimeoutNotSeconds, visibilityTimeoutTooLong, visibilityTimeoutTooShort, workerLossAcknowledged,
  noDeadLetterQueue,
  ackAfterFailure, ackBeforeWork, noAck, noPrefetch, lockShorterThanJob, noAttempts, noGracefulClose, bullmqRetryWithoutBackoff, stalledJobFails, commitBeforeWork, closeOrder, exitsBeforeDrain, noSigtermHandler, schedulerPerReplica, shutdownHooksMissing, deleteBeforeWork, deleteOnFailure, sqsVisibilityTimeoutTooShort,
  failureAcknowledged, lockConflictDropsTask, lockOutlivesRedelivery, lockReleasedByNonOwner, lockWithoutExpiry, longSleep, messageIncompatible, modelInstanceArgument, noNetworkTimeout, nonIdempotentWrite, publishInTransaction, retrySwallowed, retryWithoutBackoff, retryWithoutLimit, softLimitSwallowed, statusWithoutReaper, unbatchedLoop, unboundedLoop, waitsForResult,
  brokerEvictions, deadLetters, deploymentStuck, deploysFasterThanTasksFinish, drift, killedAfterStopTimeout, outOfMemoryKills,
];
