import { beforeAll, describe, expect, test } from 'vitest';
import * as cloudformation from '../src/analyzers/cloudformation.js';
import * as copilot from '../src/analyzers/copilot.js';
import * as patches from '../src/analyzers/copilot-patches.js';
import { findStarts, type Starts } from '../src/link/starts.js';
import type { Analyzer, Facts, FactStore } from '../src/model/index.js';
import { agreed } from '../src/model/index.js';
import { loadHcl } from '../src/parsers/hcl.js';

/** What stands in several files of one deployment: nested stacks, Copilot's patches. */
beforeAll(() => loadHcl());
const ANALYZERS: readonly Analyzer[] = [cloudformation, copilot, patches];

function linked(files: Readonly<Record<string, string>>): Starts {
  const facts = new Map(Object.entries(files).map(([path, text]): [string, Facts] => [path, ANALYZERS.find(one => one.recognises(path, text))!.facts(text, path)]));
  const paths = [...facts.keys()].sort();
  const store: FactStore = { paths, candidates: paths, has: path => facts.has(path), facts: path => facts.get(path) };
  return findStarts(store, { workers: [], assume: {}, durations: {} });
}
const services = ({ services: all }: Starts): readonly unknown[] => all.map(({ name, desiredCount, platform }) => [name, agreed(desiredCount), platform]);
const stops = ({ containers }: Starts): readonly unknown[] => containers.map(({ container, platform }) => [container.name, agreed(container.stopTimeout), platform]);

const CHILD = 'Parameters:\n  Count:\n    Type: Number\n    Default: 1\n  Stop:\n    Type: Number\nResources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: worker\n          Image: shop\n          Command: [celery, -A, shop, worker]\n          StopTimeout: !Ref Stop\n  Service:\n    Type: AWS::ECS::Service\n    Properties:\n      LaunchType: FARGATE\n      TaskDefinition: !Ref Task\n      DesiredCount: !Ref Count\nOutputs:\n  TaskArn:\n    Value: !Ref Task\n';
const parent = (name: string, url: string, parameters: string, more = ''): string => `  ${name}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: ${url}\n      Parameters:\n${parameters}${more}`;

describe('nested stacks', () => {
  test('get what their parent gives, once for each use', () => {
    const found = linked({ 'infra/main.yaml': `Resources:\n${parent('Mail', './worker.yaml', '        Count: 3\n        Stop: 90\n')}${parent('Export', 'worker.yaml', '        Stop: 120\n')}`, 'infra/worker.yaml': CHILD });
    expect(services(found)).toEqual([['Service', 3, 'fargate'], ['Service', 1, 'fargate']]);
    expect(stops(found)).toEqual([['worker', 90, 'fargate'], ['worker', 120, 'fargate']]);
  });
  test('through two levels, and with names of the parent', () => {
    const middle = `Parameters:\n  Stop:\n    Type: Number\nResources:\n${parent('Inner', 'worker.yaml', '        Stop: !Ref Stop\n')}`;
    expect(stops(linked({ 'main.yaml': `Resources:\n${parent('Outer', 'middle.yaml', '        Stop: 45\n')}`, 'middle.yaml': middle, 'worker.yaml': CHILD }))).toEqual([['worker', 45, 'fargate']]);
  });
  test('are joined by their outputs', () => {
    const own = '  Second:\n    Type: AWS::ECS::Service\n    Properties:\n      LaunchType: FARGATE\n      DesiredCount: 2\n      TaskDefinition: !GetAtt Tasks.Outputs.TaskArn\n';
    const found = linked({ 'main.yaml': `Resources:\n${parent('Tasks', 'worker.yaml', '        Stop: 60\n')}${own}`, 'worker.yaml': CHILD });
    expect(found.starts.map(({ service }) => service?.name).sort()).toEqual(['Second', 'Service']);
  });
  test('in JSON and as an application of SAM', () => {
    const sam = JSON.stringify({ Resources: { Child: { Type: 'AWS::Serverless::Application', Properties: { Location: 'worker.yaml', Parameters: { Stop: 33 } } } } });
    expect(stops(linked({ 'template.json': sam, 'worker.yaml': CHILD }))).toEqual([['worker', 33, 'fargate']]);
  });
  test('that deploy each other end, and one that is missing changes nothing', () => {
    const circle = (other: string): string => `Resources:\n${parent('Other', other, '        Stop: 1\n')}`;
    expect(services(linked({ 'a.yaml': circle('b.yaml'), 'b.yaml': circle('a.yaml') }))).toEqual([]);
    expect(stops(linked({ 'a.yaml': `Resources:\n${parent('Gone', 'gone.yaml', '        Stop: 1\n')}`, 'worker.yaml': CHILD.replace('    Type: Number\nResources', '    Type: Number\n    Default: 20\nResources') }))).toEqual([['worker', 20, 'fargate']]);
  });
});

test('a synthesised template is named by its constructs', () => {
  const template = { Resources: { ShopWorkerService4F: { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: { Ref: 'ShopTask9C' }, LaunchType: 'FARGATE' }, Metadata: { 'aws:cdk:path': 'Shop/Worker/Service' } }, ShopTask9C: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [{ Name: 'worker', Image: 'shop' }] }, Metadata: { 'aws:cdk:path': 'Shop/Task/Resource' } } } };
  expect(linked({ 'cdk.out/Shop.template.json': JSON.stringify(template) }).services.map(({ name }) => name)).toEqual(['Shop/Worker']);
});

describe('Copilot\'s patches', () => {
  const MANIFEST = 'name: worker\ntype: Backend Service\nimage:\n  location: shop\ncommand: celery -A shop worker\ncount: 2\n';
  const patch = (pointer: string, value: string): string => `- op: add\n  path: ${pointer}\n  value: ${value}\n`;
  test('change the template of the manifest beside them', () => {
    const text = patch('/Resources/TaskDefinition/Properties/ContainerDefinitions/0/StopTimeout', '90') + patch('/Resources/Service/Properties/DeploymentConfiguration/MinimumHealthyPercent', '50') + patch('/Resources/Service/Properties/Anything/Else', '1');
    const found = linked({ 'copilot/worker/manifest.yml': MANIFEST, 'copilot/worker/overrides/cfn.patches.yml': text, 'copilot/other/manifest.yml': MANIFEST.replace('name: worker', 'name: other') });
    expect(stops(found)).toEqual([['other', 30, 'fargate'], ['worker', 90, 'fargate']]);
    expect(found.services.map(({ name, minimumHealthyPercent }) => [name, agreed(minimumHealthyPercent)])).toEqual([['other', 100], ['worker', 50]]);
  });
  test('beat an override of the manifest, and a removed value is the default', () => {
    const manifest = `${MANIFEST}taskdef_overrides:\n  - path: ContainerDefinitions[0].StopTimeout\n    value: 60\n`;
    expect(stops(linked({ 'copilot/worker/manifest.yml': manifest, 'copilot/worker/overrides/cfn.patches.yml': '- op: remove\n  path: /Resources/TaskDefinition/Properties/ContainerDefinitions/0/StopTimeout\n' }))).toEqual([['worker', 30, 'fargate']]);
  });
});
