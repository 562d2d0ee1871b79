import type { Expr } from '../../model/index.js';
import { placeOf, textOf, type Source } from './source.js';
import type { Syntax } from './syntax.js';

/** `Mailer`, `app.services.Mailer`, `"Mailer"`, `Mailer | None`, `Optional[Mailer]`: one class, by a name that is written like a class. */
const CLASS = /^(?:(?:\w+\.)?Optional\[\s*)?(["']?)((?:\w+\.)*[A-Z]\w*)\1(?:\s*\|\s*None)?\s*\]?$/;
/** Names that are no class of their own. */
const GENERAL = /^(?:\w+\.)*(?:Any|None|Optional|Union|Callable|Iterable|Iterator|Sequence|Mapping|List|Dict|Set|Tuple|Type|Self|Literal|T)$/;

/** The class that an annotation names; undefined for everything else it can say. */
export function classNamed(type: Syntax | undefined, source: Source): Expr | undefined {
  const name = type && CLASS.exec(textOf(type, source))?.[2];
  if (!type || name === undefined || GENERAL.test(name)) return undefined;
  const at = placeOf(type, source);
  const [first, ...rest] = name.split('.');
  return rest.reduce<Expr>((object, part) => ({ is: 'member', object, name: part, at }), { is: 'name', name: first!, at });
}
