import { askMany } from './many.js';

askMany(['taskDefinition', 'compose', 'cloudformation', 'copilot', 'terraform', 'systemd', 'terraformBlocks', 'cloudformationServices']);
