"""Comms and widgets: what goes to a front end is what ipywidgets itself sends, and what comes back reaches the program."""

import json
import unittest

import ipywidgets
from comm.base_comm import BaseComm

from kernel_case import PATIENCE, KernelCase


class ModelComm(BaseComm):
    """Keeps what ipywidgets sends instead of sending it."""

    sent = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        ModelComm.sent.append((msg_type, self.comm_id, data, metadata))


def python_states(make):
    """By the model's name: the state that ipywidgets opens each model with."""
    import comm
    comm.create_comm = lambda *arguments, **keys: ModelComm(*arguments, **keys)
    ModelComm.sent = []
    make()
    return {data["state"]["_model_name"]: (data["state"], metadata)
            for kind, _, data, metadata in ModelComm.sent if kind == "comm_open"}


class Comms(KernelCase):
    def setUp(self):
        self.run_cell("import ipywidgets as widgets\nimport comm")

    def send(self, kind, comm_id, data, target="jupyter.widget"):
        """Sends a front end's message; everything published for it."""
        message = self.client.session.msg(kind, {"comm_id": comm_id, "data": data, "target_name": target})
        self.client.shell_channel.send(message)
        published = []
        while True:
            found = self.client.get_iopub_msg(timeout=PATIENCE)
            if found["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                published.append((found["msg_type"], found["content"]))
                if found["content"].get("execution_state") == "idle":
                    return published

    def update(self, comm_id, **state):
        return self.send("comm_msg", comm_id, {"method": "update", "state": state, "buffer_paths": []})

    def opened(self, ran):
        return {content["data"]["state"]["_model_name"]: content for content in ran.of("comm_open")}

    def test_models_are_those_of_ipywidgets(self):
        made = {"IntSlider(value=3, min=0, max=10, description='x')": None, "FloatSlider(value=2.5)": None,
                "Text(value='a', description='b')": None, "Button(description='go')": None, "Checkbox(value=True)": None,
                "Dropdown(options=['a', 'b'], value='b')": None, "IntProgress(value=1, max=5)": None, "HTML('x')": None,
                "Output()": None, "VBox([])": None}
        for code in made:
            if code == "VBox([])":
                ran = self.run_cell("widgets.VBox([widgets.Output()])")
                expected = python_states(lambda: ipywidgets.VBox([ipywidgets.Output()]))
            else:
                ran = self.run_cell("widgets." + code)
                expected = python_states(lambda: eval("ipywidgets." + code))
            self.assertEqual(ran.status, "ok", ran.reply)
            ours = self.opened(ran)
            self.assertEqual(set(ours), set(expected), code)
            for name, (theirs, metadata) in expected.items():
                state = ours[name]["data"]["state"]
                self.assertEqual(ours[name]["target_name"], "jupyter.widget")
                for key, value in json.loads(json.dumps(theirs, default=str)).items():
                    if isinstance(value, str) and value.startswith("IPY_MODEL_"):
                        self.assertTrue(state[key].startswith("IPY_MODEL_"))
                    elif key == "children":
                        self.assertEqual(len(state[key]), len(value))
                    elif key in state or value not in (None, ""):  # the models have these by themselves
                        self.assertEqual(state.get(key), value, f"{code}: {name}.{key}")
            view = ran.of("execute_result")[0]["data"]["application/vnd.jupyter.widget-view+json"]
            self.assertEqual((view["version_major"], view["model_id"] in {c["comm_id"] for c in ours.values()}), (2, True))

    def test_a_change_in_the_front_end_reaches_the_program(self):
        ran = self.run_cell("s = widgets.IntSlider(value=3, max=10)\n"
                            "s.observe(lambda change: print(change['name'], change['old'], change['new']), names='value')")
        comm_id = self.opened(ran)["IntSliderModel"]["comm_id"]
        published = self.update(comm_id, value=7)
        self.assertIn(("stream", {"name": "stdout", "text": "value 3 7\n"}), published)
        self.assertEqual(self.value_of("s.value"), "7")
        ran = self.run_cell("s.value = 9")
        self.assertEqual(ran.of("comm_msg")[0]["data"], {"method": "update", "state": {"value": 9}, "buffer_paths": []})
        self.assertEqual(ran.stream(), "value 7 9\n")
        info = self.ask(self.client.comm_info, target_name="jupyter.widget")["comms"]
        self.assertEqual(info[comm_id], {"target_name": "jupyter.widget"})
        self.run_cell("s.close()")
        self.assertNotIn(comm_id, self.ask(self.client.comm_info)["comms"])

    def test_button_and_text(self):
        ran = self.run_cell("b = widgets.Button(description='go')\nt = widgets.Text('a')\n"
                            "b.on_click(lambda button: print('clicked', t.value))")
        models = self.opened(ran)
        self.update(models["TextModel"]["comm_id"], value="new")
        published = self.send("comm_msg", models["ButtonModel"]["comm_id"],
                              {"method": "custom", "content": {"event": "click"}})
        self.assertIn(("stream", {"name": "stdout", "text": "clicked new\n"}), published)

    def test_interact_calls_the_function_again(self):
        ran = self.run_cell("def shown(x, y):\n    print('x is', x, 'y is', y)\nwidgets.interact(shown, x=10, y=2.5)\nNone")
        self.assertEqual(ran.stream(), "x is 10 y is 2.5\n")
        models = self.opened(ran)
        self.assertEqual([models["IntSliderModel"]["data"]["state"][key] for key in ("min", "max", "value", "description")],
                         [-10, 30, 10, "x"])
        output = models["OutputModel"]["comm_id"]
        published = self.update(models["IntSliderModel"]["comm_id"], value=12)
        taken = [content["data"]["state"]["msg_id"] for kind, content in published
                 if kind == "comm_msg" and content["comm_id"] == output]
        self.assertEqual((len(taken), taken[1]), (2, ""))
        self.assertTrue(taken[0])  # the front end gives the output of this request to the widget
        self.assertIn(("stream", {"name": "stdout", "text": "x is 12 y is 2.5\n"}), published)
        published = self.update(models["FloatSliderModel"]["comm_id"], value=3)
        self.assertIn(("stream", {"name": "stdout", "text": "x is 12 y is 3.0\n"}), published)

    def test_a_front_end_that_comes_later_gets_all_states(self):
        ran = self.run_cell("late = widgets.Text('here')")
        comm_id = self.opened(ran)["TextModel"]["comm_id"]
        self.send("comm_open", "control-1", {}, target="jupyter.widget.control")
        published = self.send("comm_msg", "control-1", {"method": "request_states"}, target="jupyter.widget.control")
        states = [content["data"]["states"] for kind, content in published if kind == "comm_msg"][0]
        self.assertEqual(states[comm_id]["state"]["value"], "here")

    def test_comms_of_the_programs_own(self):
        ran = self.run_cell("c = comm.Comm('mine', {'a': 1})\nc.send({'b': [1, 2]})")
        opened = ran.of("comm_open")[0]
        self.assertEqual((opened["target_name"], opened["data"]), ("mine", {"a": 1}))
        self.assertEqual(ran.of("comm_msg")[0]["data"], {"b": [1, 2]})
        self.run_cell("c.on_msg(lambda message: print('heard'))")
        published = self.send("comm_msg", opened["comm_id"], {"n": 21})
        self.assertIn(("stream", {"name": "stdout", "text": "heard\n"}), published)
        self.assertEqual(self.run_cell("c.close()").of("comm_close")[0]["comm_id"], opened["comm_id"])
        published = self.send("comm_open", "two", {}, target="nobody's")
        self.assertIn("comm_close", [kind for kind, _ in published])
        self.assertEqual([kind for kind, _ in self.send("comm_msg", "unknown", {"n": 1})], ["status", "status"])

    def test_an_error_in_a_handler_is_told(self):
        ran = self.run_cell("w = widgets.Checkbox()\nw.observe(lambda change: 1 // 0)")
        published = self.update(self.opened(ran)["CheckboxModel"]["comm_id"], value=True)
        text = "".join(content["text"] for kind, content in published if kind == "stream")
        self.assertIn("ZeroDivisionError", text)
        self.assertEqual(self.value_of("w.value"), "True")

    def test_undo_and_restart(self):
        ran = self.run_cell("u = widgets.IntSlider(value=1)")
        comm_id = self.opened(ran)["IntSliderModel"]["comm_id"]
        self.run_cell("fresh = 1")
        self.update(comm_id, value=5)
        self.run_cell("%undo")
        self.assertEqual(self.value_of("u.value"), "1")
        self.update(comm_id, value=6)
        self.assertEqual(self.value_of("u.value"), "6")
        ran = self.run_cell("%restart")
        self.assertIn(comm_id, [content["comm_id"] for content in ran.of("comm_close")])
        self.assertEqual(self.send("comm_open", "x", {})[1][0], "comm_close")


class WithoutWidgets(KernelCase):
    def test_a_comm_that_nobody_takes_is_closed(self):
        message = self.client.session.msg("comm_open", {"comm_id": "c", "data": {}, "target_name": "t"})
        self.client.shell_channel.send(message)
        while True:
            found = self.client.get_iopub_msg(timeout=PATIENCE)
            if found["msg_type"] == "comm_close":
                break
        self.assertEqual(found["content"]["comm_id"], "c")


if __name__ == "__main__":
    unittest.main()
