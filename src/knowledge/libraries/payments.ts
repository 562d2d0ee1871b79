import type { LibraryCall } from './types.js';

/** Payments; stripe's idempotency_key is looked for in the call (docs.stripe.com/api/idempotent_requests), its timeout is 80 s (stripe-python, http_client). */
export const PAYMENT_CALLS: readonly LibraryCall[] = [
  { name: /^stripe\.(\w+(\(\))?\.)*(create|create_async|capture|confirm|pay)$/, kind: 'payment', timeoutSeconds: 80 },
  { name: /^(braintree|adyen|mollie|paypalrestsdk|razorpay|square|gocardless_pro)\..*\.(sale|create|capture|payments|execute|refund)$/i, kind: 'payment' },
];
