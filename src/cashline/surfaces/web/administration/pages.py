"""The addresses of administration."""

from django.urls import URLPattern, path

from cashline.surfaces.web.administration import clock, events, invitations, keys, outbox, people, roles, webhooks

URLS: list[URLPattern] = [
    path("people/", people.user_list, name="user_list"),
    path("people/portal/", people.portal_user_list, name="portal_user_list"),
    path("people/new/", invitations.user_new, name="user_new"),
    path("people/new/portal/", invitations.portal_user_new, name="portal_user_new"),
    path("people/customers/", invitations.customer_options, name="user_customer_options"),
    path("people/<str:user_id>/", people.user_detail, name="user_detail"),
    path("people/<str:user_id>/roles/", invitations.user_roles, name="user_roles"),
    path("people/<str:user_id>/invite/", people.user_invite, name="user_invite"),
    path("people/<str:user_id>/deactivate/", people.user_deactivate, name="user_deactivate"),
    path("people/<str:user_id>/activate/", people.user_activate, name="user_activate"),
    path("people/<str:user_id>/remove-two-factor/", people.user_remove_two_factor, name="user_remove_two_factor"),
    path("roles/", roles.role_list, name="role_list"),
    path("api-keys/", keys.api_key_list, name="api_key_list"),
    path("api-keys/new/", keys.api_key_new, name="api_key_new"),
    path("api-keys/<str:key_id>/", keys.api_key_detail, name="api_key_detail"),
    path("api-keys/<str:key_id>/revoke/", keys.api_key_revoke, name="api_key_revoke"),
    path("webhooks/", webhooks.webhook_list, name="webhook_list"),
    path("webhooks/new/", webhooks.webhook_new, name="webhook_new"),
    path("webhooks/<str:endpoint_id>/", webhooks.webhook_detail, name="webhook_detail"),
    path("webhooks/<str:endpoint_id>/rotate-secret/", webhooks.webhook_rotate, name="webhook_rotate"),
    path("webhooks/<str:endpoint_id>/replay/", webhooks.webhook_replay, name="webhook_replay"),
    path("webhooks/<str:endpoint_id>/pause/", webhooks.webhook_pause, name="webhook_pause"),
    path("webhooks/<str:endpoint_id>/resume/", webhooks.webhook_resume, name="webhook_resume"),
    path("outbox/", outbox.outbox_list, name="outbox_list"),
    path("outbox/<str:message_id>/", outbox.outbox_detail, name="outbox_detail"),
    path("outbox/<str:message_id>/settle/", outbox.outbox_settle, name="outbox_settle"),
    path("events/", events.event_list, name="event_list"),
    path("events/<str:event_id>/", events.event_detail, name="event_detail"),
    path("clock/", clock.clock_page, name="clock"),
    path("clock/advance/", clock.clock_advance, name="clock_advance"),
    path("clock/release/", clock.clock_release, name="clock_release"),
]
