from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/sign-out-everywhere/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("welcome/", views.welcome, name="welcome"),
    path("welcome/patient/", views.begin, name="begin"),
    path("welcome/professional/", views.register, name="register"),
]
