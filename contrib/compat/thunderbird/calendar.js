/* What the judge makes Thunderbird do, on Thunderbird's own interfaces: the same that its windows
 * call. Run by marionette.py in the main window; the last lines dispatch. */
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");

/* Errors that the calendars report, by calendar id; kept between calls. */
window.compatErrors ??= {};
/* How often each has been loaded. */
window.compatLoads ??= {};

function calendarOf(id) {
  const calendar = cal.manager.getCalendarById(id);
  if (!calendar) {
    throw new Error(`no calendar ${id}`);
  }
  return calendar;
}

function watch(calendar) {
  window.compatErrors[calendar.id] = [];
  window.compatLoads[calendar.id] = 0;
  calendar.addObserver({
    QueryInterface: ChromeUtils.generateQI(["calIObserver"]),
    onStartBatch() {},
    onEndBatch() {},
    onLoad() {
      window.compatLoads[calendar.id]++;
    },
    onAddItem() {},
    onModifyItem() {},
    onDeleteItem() {},
    onPropertyChanged() {},
    onPropertyDeleting() {},
    onError(_calendar, code, message) {
      window.compatErrors[calendar.id].push(`${code} ${message}`);
    },
  });
}

function register(calendar) {
  calendar.setProperty("cache.enabled", true);
  cal.manager.registerCalendar(calendar);
  const registered = cal.manager.getCalendarById(calendar.id);
  watch(registered);
  return registered.id;
}

function time(value) {
  if (!value) {
    return null;
  }
  if (value.isDate) {
    return value.icalString;
  }
  return value.getInTimezone(cal.dtz.UTC).icalString;
}

function describe(item) {
  const recurrence = item.recurrenceInfo;
  const found = {
    id: item.id,
    title: item.title,
    start: time(item.startDate),
    end: time(item.endDate),
    zone: item.startDate?.timezone.tzid,
    location: item.getProperty("LOCATION") || "",
    description: item.getProperty("DESCRIPTION") || "",
    status: item.status,
    privacy: item.privacy,
    transparent: item.getProperty("TRANSP") == "TRANSPARENT",
    alarms: item.getAlarms().map(alarm => alarm.offset?.icalString || ""),
    attendees: item.getAttendees().map(one => [one.id, one.participationStatus]),
    organizer: item.organizer?.id || "",
    recurrenceId: time(item.recurrenceId),
    lastAck: time(item.alarmLastAck),
    rules: [],
    exdates: [],
    exceptions: [],
  };
  for (const part of recurrence?.getRecurrenceItems() ?? []) {
    if (part.isNegative) {
      found.exdates.push(time(part.date));
    } else {
      found.rules.push(part.icalString.trim());
    }
  }
  for (const id of recurrence?.getExceptionIds() ?? []) {
    found.exceptions.push(describe(recurrence.getExceptionFor(id)));
  }
  return found;
}

function apply(item, changes) {
  for (const [name, value] of Object.entries(changes)) {
    switch (name) {
      case "title":
        item.title = value;
        break;
      case "start":
        item.startDate = cal.createDateTime(value).getInTimezone(item.startDate.timezone);
        break;
      case "end":
        item.endDate = cal.createDateTime(value).getInTimezone(item.endDate.timezone);
        break;
      case "lastAck":
        item.alarmLastAck = cal.createDateTime(value);
        break;
      default:
        item.setProperty(name, value);
    }
  }
}

const tools = {
  /* So that nobody is asked for it. */
  async savePassword(origin, realm, user, password) {
    const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, realm, user, password, "", "");
    await Services.logins.addLoginAsync(login);
  },

  /* New Calendar, On the Network: what it would offer, all of it added. */
  async detect(user, password, location) {
    const found = await cal.provider.detection.detect(user, password, location, false, [], {});
    const offered = [];
    for (const [provider, calendars] of found) {
      for (const calendar of calendars) {
        offered.push({
          type: provider.type,
          name: calendar.name,
          uri: calendar.uri.spec,
          readOnly: calendar.readOnly,
          color: calendar.getProperty("color"),
          id: provider.type == "caldav" ? register(calendar) : null,
        });
      }
    }
    return offered;
  },

  subscribe(uri, name, user) {
    const calendar = cal.manager.createCalendar("caldav", Services.io.newURI(uri));
    calendar.name = name;
    calendar.setProperty("username", user);
    return register(calendar);
  },

  unsubscribe(id) {
    cal.manager.removeCalendar(calendarOf(id), Ci.calICalendarManager.REMOVE_NO_DELETE);
  },

  state(id) {
    const calendar = calendarOf(id);
    return {
      name: calendar.name,
      readOnly: calendar.readOnly,
      disabled: !!calendar.getProperty("disabled"),
      autoDisabled: !!calendar.getProperty("auto-enabled"),
      status: calendar.getProperty("currentStatus") || 0,
      scheduling: !!calendar.getProperty("capabilities.autoschedule.supported"),
      webdavSync: !!calendar.wrappedJSObject?.mUncachedCalendar?.wrappedJSObject
        ?.mHasWebdavSyncSupport,
      errors: window.compatErrors[id],
      loads: window.compatLoads[id],
    };
  },

  refresh(id) {
    calendarOf(id).refresh();
  },

  async items(id) {
    const items = await calendarOf(id).getItemsAsArray(
      Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
    return items.map(describe);
  },

  /* As the views ask: what is between two instants, series expanded. */
  async occurrences(id, from, until) {
    const items = await calendarOf(id).getItemsAsArray(
      Ci.calICalendar.ITEM_FILTER_TYPE_EVENT | Ci.calICalendar.ITEM_FILTER_CLASS_OCCURRENCES,
      0, cal.createDateTime(from), cal.createDateTime(until));
    return items.map(item => [time(item.startDate), item.title]);
  },

  async add(id, text) {
    return describe(await calendarOf(id).addItem(new CalEvent(text)));
  },

  async modify(id, itemId, changes) {
    const calendar = calendarOf(id);
    const before = await calendar.getItem(itemId);
    const item = before.clone();
    apply(item, changes);
    return describe(await calendar.modifyItem(item, before));
  },

  /* "Edit only this occurrence" */
  async modifyOccurrence(id, itemId, recurrenceId, changes) {
    const calendar = calendarOf(id);
    const before = await calendar.getItem(itemId);
    const series = before.clone();
    const at = cal.createDateTime(recurrenceId).getInTimezone(before.startDate.timezone);
    const occurrence = series.recurrenceInfo.getOccurrenceFor(at).clone();
    apply(occurrence, changes);
    series.recurrenceInfo.modifyException(occurrence, true);
    return describe(await calendar.modifyItem(series, before));
  },

  /* "Delete only this occurrence" */
  async removeOccurrence(id, itemId, recurrenceId) {
    const calendar = calendarOf(id);
    const before = await calendar.getItem(itemId);
    const series = before.clone();
    const at = cal.createDateTime(recurrenceId).getInTimezone(before.startDate.timezone);
    series.recurrenceInfo.removeOccurrenceAt(at);
    return describe(await calendar.modifyItem(series, before));
  },

  async remove(id, itemId) {
    const calendar = calendarOf(id);
    await calendar.deleteItem(await calendar.getItem(itemId));
  },

  /* Dragging an event into another calendar: added there, then deleted here. */
  async transfer(fromId, toId, itemId) {
    const item = await calendarOf(fromId).getItem(itemId);
    const copy = item.clone();
    copy.calendar = calendarOf(toId).superCalendar;
    await calendarOf(toId).addItem(copy);
    await calendarOf(fromId).deleteItem(item);
  },

  /* The free/busy rows of the invitation window. Each calendar may answer; null is the end. */
  freeBusy(attendee, from, until) {
    return new Promise(resolve => {
      const found = [];
      cal.freeBusyService.getFreeBusyIntervals(
        attendee, cal.createDateTime(from), cal.createDateTime(until),
        Ci.calIFreeBusyInterval.BUSY_ALL,
        {
          onResult(operation, intervals) {
            for (const one of intervals ?? []) {
              found.push([one.freeBusyType, time(one.interval.start), time(one.interval.end)]);
            }
            if (!intervals || !operation?.isPending) {
              resolve(found);
            }
          },
        }
      );
    });
  },

  /* The answer of an invited person, as its buttons give it. */
  async answer(id, itemId, address, status) {
    const calendar = calendarOf(id);
    const before = await calendar.getItem(itemId);
    const item = before.clone();
    const attendee = item.getAttendeeById(address);
    if (!attendee) {
      throw new Error(`${address} is not invited`);
    }
    const answered = attendee.clone();
    answered.participationStatus = status;
    item.removeAttendee(attendee);
    item.addAttendee(answered);
    return describe(await calendar.modifyItem(item, before));
  },

  version() {
    return `${Services.appinfo.name} ${Services.appinfo.version}`;
  },
};

const [tool, parameters, done] = arguments;
Promise.resolve()
  .then(() => tools[tool](...parameters))
  .then(
    value => done({ value: value ?? null }),
    error => done({ error: `${error?.message ?? error} ${error?.stack ?? ""}`.trim() })
  );
