import type { ComposeServiceFacts } from '../model/index.js';

/** Words in a name that mark a copy for developers or for tests. */
const DEVELOPMENT = /(^|[/._ -])(dev|devel|develop|development|devcontainer|local|localdev|localhost|test|tests|testing|ci|e2e|debug|override)(?=[/._ -]|$)/i;

/** The file, folder or part of a name says that it is for development or tests. */
export const isDevelopmentName = (name: string): boolean => DEVELOPMENT.test(name);

/** Options of a command that restarts itself when the code changes. */
export const isReload = (text: string): boolean => /(^|\s)(--reload|--autoreload|--watch)(\s|=|$)|\b(watchmedo|watchfiles|nodemon|hupper)\b/.test(text);

/** A Compose service that its file, its build target, its profile or its environment file marks as development. */
export function isDevelopmentService(service: ComposeServiceFacts, path: string): boolean {
  const target = service.build?.target;
  return isDevelopmentName(path) || (target !== undefined && isDevelopmentName(target)) || isDevelopmentName(service.name)
    || (service.build?.dockerfile !== undefined && isDevelopmentName(service.build.dockerfile))
    || (service.profiles.length > 0 && service.profiles.every(isDevelopmentName))
    || service.environmentFiles.some(file => file.path !== undefined && isDevelopmentName(file.path));
}
