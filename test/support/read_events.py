"""Prints what TensorBoard's own reader finds in an event file, as JSON: python3 read_events.py FILE"""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE})
events.Reload()


def settings(tag):
    content = events.SummaryMetadata("_hparams_/" + tag).plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def value(v):
    return getattr(v, v.WhichOneof("kind"))


def histogram(event):
    h = event.histogram_value
    return {"step": event.step, "min": h.min, "max": h.max, "num": h.num, "sum": h.sum, "limits": list(h.bucket_limit), "counts": list(h.bucket)}


experiment = settings("experiment").experiment
start = settings("session_start_info").session_start_info
end = settings("session_end_info").session_end_info
found = {
    "scalars": {tag: [[e.step, str(e.value)] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]},
    "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in events.Tags()["histograms"]},
    "images": {tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in events.Images(tag)] for tag in events.Tags()["images"]},
    "texts": {
        tag: [[e.step, [s.decode() for s in tensor_util.make_ndarray(e.tensor_proto)]] for e in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
    },
    "settings": {name: value(v) for name, v in start.hparams.items()},
    "types": {info.name: info.type for info in experiment.hparam_infos},
    "metrics": [m.name.tag for m in experiment.metric_infos],
    "status": end.status,
    "version": events.file_version,
    "time": events.FirstEventTimestamp(),
}
print(json.dumps(found, sort_keys=True))
