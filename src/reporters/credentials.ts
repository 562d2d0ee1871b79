/** A text with the passwords of its URLs starred out, in front of the host and among the parameters: each character one star, so that columns stay right. */
export function withoutPasswords(text: string): string {
  const bare = text.replace(/([?&;](?:[\w-]{0,40}(?:password|passwd|secret|token|api_?key))=)([^&\s'"]{1,300})/gi, (_, before: string, secret: string) => before + stars(secret));
  return bare.replace(/(\b[\w+.-]{1,30}:\/\/[^\s:@/'"]{0,100}:)([^\s@/'"]{1,300})(?=@)/g, (_, before: string, password: string) => before + stars(password));
}

/** What stands for the value of a variable is no secret. */
const stars = (secret: string): string => (/^\$?\{[^}]*\}$|^%\(?\w*\)?s?$/.test(secret) ? secret : '*'.repeat(secret.length));

/** Settings, and keys of their tables, whose values are credentials. */
const SECRET = /(?:^|[_.-])(?:password|passwd|secret|secret_key|secret_access_key|access_key_id|api_?key|auth_?token|token|key_password)$/i;

/** Is the value kept under this name a credential, whatever it looks like? */
export function isSecret(name: string): boolean {
  return SECRET.test(name);
}
