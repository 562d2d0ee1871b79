import type { ComposeServiceFacts } from '../model/index.js';

/** Words in a name that mark a copy for developers or for tests. */
const DEVELOPMENT = /(^|[/._ -])(dev|devel|develop|development|devcontainer|local|localdev|localhost|test|tests|testing|ci|e2e|debug|override)(?=[/._ -]|$)/i;

/** The file, folder or part of a name says that it is for development or tests. */
export const isDevelopmentName = (name: string): boolean => DEVELOPMENT.test(name);

/** Options of a command that restarts itself when the code changes. */
export const isReload = (text: string): boolean => /(^|\s)(--reload|--autoreload|--watch)(\s|=|$)|\b(watchmedo|watchfiles|nodemon|hupper)\b/.test(text);

/** A Compose service that its file, its build target, its profile or its environment file marks as development, or that runs the code of the working copy. */
export function isDevelopmentService(service: ComposeServiceFacts, path: string): boolean {
  const target = service.build?.target;
  return isDevelopmentName(path) || service.mountsSource === true || (target !== undefined && isDevelopmentName(target)) || isDevelopmentName(service.name)
    || (service.build?.dockerfile !== undefined && isDevelopmentName(service.build.dockerfile))
    || (service.profiles.length > 0 && service.profiles.every(isDevelopmentName))
    || service.environmentFiles.some(file => file.path !== undefined && isDevelopmentName(file.path));
}

/** `docker-compose.prod.yml`: somebody runs it, whatever else is there. */
export const isProductionName = (name: string): boolean => /(^|[/._ -])prod(?:uction)?(?=[/._ -]|$)/i.test(name);

export interface ComposeSituation {
  /** Its file is named so. */
  readonly isProduction: boolean;
  readonly isMarked: boolean;
  /** The tree holds task definitions. */
  readonly isBesideEcs: boolean;
  /** The apps a Compose service starts, and those that ECS starts; undefined: not named. */
  readonly apps: readonly (string | undefined)[];
  readonly ecsApps: readonly (string | undefined)[];
}

/** Compose beside ECS is a copy for developers, unless its file is named for production, or ECS was seen to run nothing but other apps. */
export function composeRole({ isMarked, isProduction, isBesideEcs, apps, ecsApps }: ComposeSituation): 'deployed' | 'development' {
  if (isMarked) return 'development';
  if (!isBesideEcs || isProduction) return 'deployed';
  const isOther = ecsApps.length > 0 && !ecsApps.includes(undefined) && apps.length > 0 && apps.every(app => app !== undefined && !ecsApps.includes(app));
  return isOther ? 'deployed' : 'development';
}
