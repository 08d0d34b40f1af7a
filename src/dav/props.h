/* The getters and setters of the property table (property.c), one file an RFC. */
#ifndef DAV_PROPS_H
#define DAV_PROPS_H

#include "dav/property.h"

/* RFC 4918, 3253, 5397, 5995 (props_webdav.c) */
prop_get webdav_displayname, webdav_resourcetype, webdav_getetag, webdav_getcontenttype,
    webdav_getcontentlength, webdav_getlastmodified, webdav_creationdate, webdav_empty,
    webdav_supported_report_set, webdav_supported_method_set,
    webdav_current_user_principal, webdav_add_member;
prop_set webdav_set_displayname;

/* RFC 3744 (props_acl.c) */
prop_get acl_owner, acl_current_user_privilege_set, acl_supported_privilege_set, acl_acl,
    acl_acl_restrictions, acl_principal_collection_set, acl_principal_url;

/* draft-pot-webdav-resource-sharing, calendarserver.org's caldav-sharing
 * (props_share.c) */
prop_get share_access, share_invite, share_resource_uri, cs_invite,
    cs_allowed_sharing_modes;
/* True when somebody else has a part in the calendar, with the person as owner or not. */
bool share_is_shared(struct dav *dav, struct resource *resource);

/* calendarserver.org's caldav-proxy (props_proxy.c) */
prop_get proxy_member_set, proxy_membership, proxy_read_for, proxy_write_for;
prop_set proxy_set_member_set;

/* RFC 6578 (props_sync.c), calendarserver's getctag (props_calendarserver.c) */
prop_get sync_sync_token;
prop_get cs_getctag, cs_email_address_set, cs_record_type, cs_calendar_color;
prop_set cs_set_calendar_color, cs_set_stored;

/* RFC 4791, 7809 (props_caldav.c) */
prop_get caldav_home_set, caldav_description, caldav_timezone, caldav_timezone_id,
    caldav_component_set, caldav_component_sets, caldav_calendar_data,
    caldav_collation_set, caldav_max_resource_size, caldav_min_date_time,
    caldav_max_date_time, caldav_max_instances, caldav_max_attendees;
prop_set caldav_set_description, caldav_set_timezone, caldav_set_timezone_id;

/* RFC 6638, 5842 (props_schedule.c) */
prop_get schedule_user_address_set, schedule_inbox_url, schedule_outbox_url,
    schedule_user_type, schedule_calendar_transp, schedule_default_calendar_url,
    schedule_tag, schedule_free_busy_set, schedule_resource_id;
prop_set schedule_set_calendar_transp;
/* True when nothing in it makes its owner busy (RFC 6638 section 9.1). */
bool schedule_is_transparent(struct dav *dav, struct resource *calendar);

/* WebDAV-Push (push.c) */
prop_get push_transports, push_topic, push_triggers;

/* RFC 7953 (availability.c) */
prop_get availability_get;
prop_set availability_set;

#endif
