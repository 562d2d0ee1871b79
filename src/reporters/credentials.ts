/** A URL with its password starred out, each character one star, so that columns stay right. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[\w+.-]{1,30}:\/\/[^\s:@/'"]{0,100}:)([^\s@/'"]{1,300})(?=@)/g, (_, before: string, password: string) => before + (/^\$?\{[^}]*\}$|^%\(?\w*\)?s?$/.test(password) ? password : '*'.repeat(password.length)));
}
