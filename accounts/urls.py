from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/birth-date/", views.born, name="born"),
    path("account/directory/", views.listing, name="listing"),
    path("account/consents/", views.agreed, name="consents"),
    path("account/consents/<uuid:consent_id>/", views.consent_receipt, name="consent_receipt"),
    path("account/sign-out-everywhere/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("news/stop/<str:token>/", views.stop_news, name="stop_news"),
    path("welcome/", views.welcome, name="welcome"),
    path("welcome/patient/", views.begin, name="begin"),
    path("welcome/professional/", views.register, name="register"),
]
