// A view of a figure that can be closed, as JupyterLab does with each: what it listened to of the model, which stays, is
// taken off. Of the versions of anywidget that the package admits not all do so themselves.

export const closing = (render) => ({ model, el }) => {
  let heard = [];
  const end = render({
    model: {
      get: (name) => model.get(name),
      set: (name, value) => model.set(name, value),
      save_changes: () => model.save_changes(),
      on(event, listener) {
        heard.push({ event, listener });
        model.on(event, listener);
      },
      off(event, listener) {
        heard = heard.filter((each) => each.event !== event || each.listener !== listener);
        model.off(event, listener);
      },
      widget_manager: model.widget_manager,
    },
    el,
  });
  return () => {
    for (const { event, listener } of heard) model.off(event, listener);
    end?.();
  };
};
