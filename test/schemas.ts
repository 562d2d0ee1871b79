import { Ajv, type ValidateFunction } from 'ajv';
import fateSchema from '../schema/fate.schema.json' with { type: 'json' };
import reportSchema from '../schema/report.schema.json' with { type: 'json' };
import gitlabSchema from './schemas/gitlab-code-quality.schema.json' with { type: 'json' };
import rdjsonSchema from './schemas/rdjson.schema.json' with { type: 'json' };
import sarifSchema from './schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };

const REFERENCE = /^(?:[a-z][a-z\d+.-]*:)?(?:%[\da-f]{2}|[\w\-.~!$&'()*+,;=:@/?#])*$/i;
const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
ajv.addFormat('uri', text => REFERENCE.test(text) && URL.canParse(text));
ajv.addFormat('uri-reference', text => REFERENCE.test(text) && URL.canParse(text, 'file:///top/'));
ajv.addFormat('date-time', text => !Number.isNaN(Date.parse(text)));

/** The standard's schema is of draft 4; it uses nothing that later drafts read otherwise but these two. */
function compile({ $schema: _, id: _id, $id: _name, ...schema }: Readonly<Record<string, unknown>>): ValidateFunction {
  return ajv.compile(schema);
}

const { definitions, ...standard } = sarifSchema;
/** As errata 01 has it: a region starts somewhere. */
export const validSarif = compile({ ...standard, definitions: { ...definitions, region: { ...definitions.region, required: ['startLine'] } } });
export const validGitlab = compile(gitlabSchema);
export const validRdjson = compile(rdjsonSchema);
export const validReport = compile(reportSchema);
export const validFate = compile(fateSchema);
