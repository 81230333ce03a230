// The image classifier's program: what is asked for on its command line is opened, and done.
import { initDistributed, type World } from '../distributed/index.js';
import { startsBefore } from '../distributed/launcher.js';
import { deviceInfo, init, summary, WgradError } from '../index.js';
import { CheckpointFiles, freshRunFolder, latestRunFolder, RunFolder } from '../node/index.js';
import type { Checkpoint } from '../train/index.js';
import { openStart, startOptions } from './begin.js';
import { findFolders, loadData } from './data.js';
import { type RunFacts, readFacts } from './facts.js';
import { checkResumed, checkUsed } from './given.js';
import { help } from './help.js';
import { type CommandLine, parseCommandLine } from './options.js';
import { orExplain } from './parse.js';
import { buildModel, coloursOf } from './parts.js';
import { predict } from './predict.js';
import { optionsOf, type PresetName, presets } from './presets.js';
import type { Project } from './project.js';
import { Stopping } from './stopping.js';
import { Terminal } from './terminal.js';
import { run } from './train.js';

/** Does what this process' command line asks for, prints what went wrong, and sets the exit code. */
export async function program(project: Project, argv = process.argv.slice(2)): Promise<void> {
  const terminal = new Terminal();
  process.exitCode = await orExplain(() => main(project, argv, terminal).finally(() => terminal.clear()));
}

/** Trains, predicts, or prints a table, as `argv` says; the exit code. */
async function main(project: Project, argv: string[], terminal: Terminal): Promise<number> {
  const line = parseCommandLine(argv);
  if (line.command === 'help') {
    console.log(help(project));
    return 0;
  }
  const stopping = line.command === 'train' ? new Stopping(terminal) : null;
  const world = line.command === 'train' ? await initDistributed() : null;
  if (!(world?.isFirst ?? true)) terminal.mute();
  await init();
  if (line.command === 'predict') return predict(line.files, line.resume, project);
  if (world) line.resume ??= (await world.first(restarted(line, project))) ?? undefined; // the first one's word: all do the same
  const resumed = line.resume === undefined ? null : openRun(line, line.resume, project, terminal);
  const start = resumed || !line.given.from ? undefined : openStart(line.given.from);
  const preset = resumed || start ? null : choosePreset(line, terminal);
  const facts = resumed?.facts ?? {
    options: start ? startOptions(start, line.given) : optionsOf(preset!, line.given),
    folders: line.standIns ? null : findFolders(line.data, project),
  };
  if (resumed) checkResumed(line, facts);
  else checkUsed(line, facts.options);
  if (resumed && line.data.length > 0) facts.folders = findFolders(line.data, project); // the pictures may have moved: they are compared
  if (stopping === null) {
    console.log(summary(buildModel({ options: facts.options, classes: ['cat', 'dog'] })));
    return 0;
  }
  const folder = resumed?.files.folder ?? (await newFolder(line, project, world!));
  if (start) terminal.say(`Adapter: ${deviceInfo().name}`);
  const data = await loadData(facts.folders, facts.options, terminal, project, line.memory);
  const complete: RunFacts = {
    ...facts,
    classes: data.train.classes,
    colours: (resumed ?? start)?.facts.colours ?? coloursOf(data.train, facts.options),
  };
  const files = resumed?.files ?? new CheckpointFiles(folder, { keep: line.keep });
  const { checkpoint } = resumed ?? {};
  return run({
    project,
    line,
    preset,
    start,
    facts: complete,
    data,
    files,
    checkpoint,
    stopping,
    terminal,
    world: world!,
  });
}

/** `wgrad launch` and Slurm start what has died again: the run's folder, if it was saved by then. */
function restarted({ out }: CommandLine, { runs }: Project): string | null {
  if (startsBefore(process.env) === 0) return null;
  const folder = out ? new RunFolder(out) : latestRunFolder(runs);
  return folder?.has('last.safetensors') ? folder.path : null;
}

/** The folder of a run that begins, made by the first process. */
async function newFolder({ out }: CommandLine, { runs }: Project, world: World): Promise<RunFolder> {
  if (!world.isFirst) return new RunFolder(await world.first(''));
  const folder = out ? new RunFolder(out) : freshRunFolder(runs);
  folder.create();
  await world.first(folder.path);
  return folder;
}

/** The preset given, or the one that suits the adapter; says which and why. */
function choosePreset({ preset }: CommandLine, terminal: Terminal): PresetName {
  const { name, software } = deviceInfo();
  const chosen = preset ?? (software ? 'quick' : 'paper');
  const why = preset ? 'as asked' : software ? 'the adapter is a CPU that stands in for a GPU' : 'the adapter is a GPU';
  terminal.say(`Adapter: ${name}`);
  terminal.say(`Preset ${chosen} (${why}): ${presets[chosen].about}`);
  return chosen;
}

interface OpenedRun {
  files: CheckpointFiles;
  checkpoint: Checkpoint;
  facts: RunFacts;
}

/** The newest checkpoint of a run that is whole; says which were passed over. */
function openRun({ keep }: CommandLine, path: string, { runs }: Project, terminal: Terminal): OpenedRun {
  const folder = path === '' ? latestRunFolder(runs) : new RunFolder(path);
  if (!folder) throw new WgradError(`--resume: no run was found in ${runs}`);
  const files = new CheckpointFiles(folder, { keep });
  const { checkpoint, damaged } = files.newest();
  for (const { message } of damaged) terminal.say(`Passed over ${message}`);
  if (damaged.length > 0) terminal.say(`Going on from the checkpoint before it, ${checkpoint.name}.`);
  return { files, checkpoint, facts: readFacts(checkpoint, 'resume') };
}
