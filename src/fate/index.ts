export { ackSentAfter, DOMAINS, type Circumstances, type Known } from './circumstances.js';
export { EVENTS, fatesOf, isHarm, keyOf, type Delay, type Event, type Fate, type Outcome } from './outcome.js';
export { behaviourOf, type Behaviour, type VersionRange } from './versions.js';
