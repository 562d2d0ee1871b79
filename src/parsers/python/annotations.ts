import { textOf, type Source } from './source.js';
import type { Syntax } from './syntax.js';

/** `Mailer`, `app.services.Mailer`, `"Mailer"`, `Mailer | None`, `Optional[Mailer]`: one class, by a name that is written like a class. */
const CLASS = /^(?:(?:\w+\.)?Optional\[\s*)?(["']?)((?:\w+\.)*[A-Z]\w*)\1(?:\s*\|\s*None)?\s*\]?$/;
/** Names that are no class of their own. */
const GENERAL = /^(?:\w+\.)*(?:Any|None|Optional|Union|Callable|Iterable|Iterator|Sequence|Mapping|List|Dict|Set|Tuple|Type|Self|Literal|T)$/;

/** The class that an annotation names; undefined for everything else it can say. */
export function classNamed(type: Syntax | undefined, source: Source): string | undefined {
  const name = type && CLASS.exec(textOf(type, source))?.[2];
  return name === undefined || GENERAL.test(name) ? undefined : name;
}
