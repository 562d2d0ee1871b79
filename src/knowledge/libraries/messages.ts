import type { LibraryCall } from './types.js';

/** Mail and text messages outside Django and AWS: each call reaches a person. */
export const MESSAGE_CALLS: readonly LibraryCall[] = [
  { name: /^smtplib\.SMTP(_SSL)?\(\)\.(send_message|sendmail)$/, kind: 'email' },
  { name: /^aiosmtplib\.(send|SMTP\(\)\.(send_message|sendmail))$/, kind: 'email' },
  { name: /^pyramid_mailer\.(\w+\.)*(IMailer|Mailer)\(\)\.send(_immediately|_to_queue|_sendmail)?$/, kind: 'email' },
  { name: /^flask_mail\.(Mail\(\)\.send|Mail\(\)\.connect\(\)\.send)$/, kind: 'email' },
  { name: /^(sendgrid\.SendGridAPIClient\(\)\.send|python_http_client\.|postmarker\.|mailchimp_transactional\.Client\(\)\.messages\.send)/, kind: 'email' },
  { name: /^(resend\.Emails|mailjet_rest\.Client\(\)\.send|fastapi_mail\.FastMail\(\))\.(send|create|send_message)$/, kind: 'email' },
  { name: /^notifications_python_client\.(\w+\.)*NotificationsAPIClient\(\)\.send_email_notification$/, kind: 'email' },
  { name: /^notifications_python_client\.(\w+\.)*NotificationsAPIClient\(\)\.send_(sms|letter)\w*$/, kind: 'sms' },
  { name: /^twilio\.rest\.Client\(\)\..*\.create$/, kind: 'sms' },
  { name: /^vonage\.\w+\(\)\.(?:\w+\.){0,5}\w{0,60}send\w{0,60}$/, kind: 'sms' },
];
