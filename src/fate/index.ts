export { ackSentAfter, DOMAINS, type Circumstances, type Known } from './circumstances.js';
export { EVENTS, fatesOf, isHarm, keyOf, type Delay, type Event, type Fate, type Outcome } from './outcome.js';
export { behaviourOf, type Behaviour, type VersionRange } from './versions.js';
export { isWorker, signalFaults, signalOf, type Launcher, type Process, type ProcessManager, type Shell, type SignalFault } from './signal.js';
export { boundOf, ignoresLimits, isOn, numberOf, stopOf } from './bounds.js';
export { VISIBILITY_TIMEOUT, visibilityOf, type Visibility } from './visibility.js';
export { fateIn, fateOfStop, fateText, outcomeOfKill, outcomeText, worstFate } from './text.js';
export { circumstancesOf, CONSUMER_TIMEOUT_DEFAULT, fatesOfFunction, type Journey } from './worker.js';
