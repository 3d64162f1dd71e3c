/**
 * The package on a real system: installed, started by systemd, watched by Chromium at the other end of a cable, hurt,
 * upgraded, removed. One story in one machine, from its start to its end: each step goes on from those before it.
 */

import { test } from '../browser/src/playwright';
import { cameraIsSeen, cameraIsUnplugged } from './steps/camera';
import { comesBack } from './steps/coming-back';
import { doctor } from './steps/doctor';
import { filesArrive } from './steps/files';
import { packageIsInstalled } from './steps/installed';
import { journalIsRight } from './steps/journal';
import { mistakeIsMended } from './steps/mistaken';
import { packageIsRemoved } from './steps/removed';
import { serverIsInstalled } from './steps/server';
import { story } from './steps/stage';
import { packageIsUpgraded } from './steps/upgraded';

test.describe.configure({ mode: 'serial' });

story((stage) => {
  packageIsInstalled(stage);
  cameraIsSeen(stage);
  filesArrive(stage);
  cameraIsUnplugged(stage);
  comesBack(stage);
  // From here to the upgrade's end nobody watches, so that nothing is encoded meanwhile.
  doctor(stage);
  mistakeIsMended();
  packageIsUpgraded(stage);
  journalIsRight(stage);
  serverIsInstalled(stage);
  packageIsRemoved();
});
