/** Whether a package works at all: installed, ready, seen, and a file. For processors whose emulation takes its time. */

import { test } from '../browser/src/playwright';
import { cameraIsSeen } from './steps/camera';
import { fileFromThePage } from './steps/files';
import { packageIsInstalled } from './steps/installed';
import { story } from './steps/stage';

test.describe.configure({ mode: 'serial' });

story((stage) => {
  packageIsInstalled(stage);
  cameraIsSeen(stage, { heard: false });
  fileFromThePage(stage);
});
